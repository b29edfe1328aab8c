"""Great Expectations on a landing table: cheaply first, in detail only where something failed."""

import base64
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.expectations import QUERY, Rule

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # its notes on its own insides bury the verdict


class ValidationError(Exception):
    """An expectation could not be evaluated, so the batch cannot be judged."""


@dataclass(frozen=True)
class Outcome:
    """Whether a rule holds, and how many rows break it; of a rule on the whole batch, what was observed instead."""

    rule: Rule
    success: bool
    unexpected: int = 0
    observed: str | None = None


class Validator:
    """Runs rules on one table of the warehouse and keeps Data Docs of what it found in `docs`."""

    def __init__(self, connect_args: dict[str, Any], table: str, docs: Path) -> None:
        """`connect_args` are those of snowflake.connector.connect; `table` is schema.table."""
        self._schema, self._table = table.split(".")
        self._connect_args = connect_args
        self._docs = docs

    def check(self, rules: Sequence[Rule]) -> list[Outcome]:
        """An outcome for every rule, in their order.

        Raises:
            ValidationError: an expectation raised instead of answering.
        """
        with _sessions_closed_at_the_end():
            context, batch_definition = self._open()
            return self._check(context, batch_definition, rules)

    def _check(self, context: Any, batch_definition: Any, rules: Sequence[Rule]) -> list[Outcome]:
        suspects = self._suspects(context, batch_definition, rules)
        found: dict[int, Outcome] = {}
        if suspects:
            detailed = self._run(context, batch_definition, suspects, "SUMMARY")
            found = {id(rule): _outcome(rule, result) for rule, result in zip(suspects, detailed, strict=True)}
        context.build_data_docs()
        return [found.get(id(rule)) or Outcome(rule, True) for rule in rules]

    def _suspects(self, context: Any, batch_definition: Any, rules: Sequence[Rule]) -> list[Rule]:
        """Rules that may fail, found in few queries: a query that fails casts doubt on all rules that are queries."""
        queries = [rule for rule in rules if rule.query]
        columns = [rule for rule in rules if not rule.query]
        asked = columns + ([_all_of(queries)] if queries else [])
        results = self._run(context, batch_definition, asked, "BOOLEAN_ONLY")
        failing = {id(rule) for rule, result in zip(asked, results, strict=True) if not result.success}
        doubtful = {id(rule) for rule in queries} if id(asked[-1]) in failing and queries else set()
        return [rule for rule in rules if id(rule) in failing | doubtful]

    @property
    def docs_page(self) -> Path:
        """First page of the Data Docs of this check."""
        return self._docs / "index.html"

    def _open(self) -> tuple[Any, Any]:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        for name in list(context.get_site_names()):
            context.delete_data_docs_site(name)
        backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(self._docs)}
        context.add_data_docs_site(
            "batch",
            {
                "class_name": "SiteBuilder",
                "store_backend": backend,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        args = dict(self._connect_args)
        key = args.pop("private_key", None)
        signing_in = {"private_key": base64.b64encode(key).decode()} if key else {"password": args.pop("password")}
        sources: Any = context.data_sources  # its stubs know no further arguments of the engine
        source = sources.add_snowflake(
            "warehouse",
            account=args["account"],
            user=args["user"],
            database=args["database"],
            schema=self._schema,
            warehouse=args["warehouse"],
            role=args["role"],
            kwargs={"connect_args": args},
            **signing_in,
        )
        asset = source.add_table_asset(self._table, table_name=self._table)
        return context, asset.add_batch_definition_whole_table("batch")

    def _run(self, context: Any, batch_definition: Any, rules: Sequence[Rule], result_format: str) -> list[Any]:
        import great_expectations as gx
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
        from great_expectations.expectations.metadata_types import FailureSeverity

        # One by one through add_expectation_configuration, two queries on the same table would replace each other.
        expectations = [
            ExpectationConfiguration(
                type=rule.type,
                kwargs=rule.kwargs,
                severity=FailureSeverity(rule.severity),
                notes=rule.why or None,
                meta={"position": position},
            )
            for position, rule in enumerate(rules)
        ]
        suite = gx.ExpectationSuite(name=f"{self._table} {result_format.lower()}", expectations=expectations)
        definition = gx.ValidationDefinition(name=suite.name, data=batch_definition, suite=context.suites.add(suite))
        results = context.validation_definitions.add(definition).run(result_format=result_format).results
        ordered = _in_order(results)
        for rule, result in zip(rules, ordered, strict=True):
            if _raised(result):
                raise ValidationError(f"{rule.name}: {_raised(result)}")
        return ordered


@contextmanager
def _sessions_closed_at_the_end() -> Iterator[None]:
    # Great Expectations makes an engine for each step and forgets it with its sessions open.
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    opened: list[Any] = []

    def remember(session: Any, _: Any) -> None:
        opened.append(session)

    event.listen(Pool, "connect", remember)
    try:
        yield
    finally:
        event.remove(Pool, "connect", remember)
        for session in opened:
            session.close()


def _in_order(results: Sequence[Any]) -> list[Any]:
    """Results in the order of the rules: Great Expectations groups them by kind."""
    return sorted(results, key=lambda result: result.expectation_config.meta["position"])


def _raised(result: Any) -> str | None:
    information = result.exception_info or {}
    entries = [information] if "raised_exception" in information else information.values()
    return next((str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")), None)


def _all_of(queries: Sequence[Rule]) -> Rule:
    """One rule that holds when all of these do: each query of its own costs Great Expectations two statements."""
    parts = [f"select found_{number}._row_number from ({rule.query}) as found_{number}"
             for number, rule in enumerate(queries)]  # fmt: skip
    why = "no row breaks: " + "; ".join(rule.name for rule in queries)
    return Rule(QUERY, {"unexpected_rows_query": "\nunion all\n".join(parts)}, "warning", why=why)


def _outcome(rule: Rule, result: Any) -> Outcome:
    details = result.result
    if result.success:
        return Outcome(rule, True)
    if "unexpected_count" in details:
        return Outcome(rule, False, int(details["unexpected_count"]))
    if rule.query:
        return Outcome(rule, False, int(details["observed_value"]))
    return Outcome(rule, False, observed=str(details.get("observed_value")))
