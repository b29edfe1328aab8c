"""Great Expectations on a landing table: cheaply first, in detail only where something failed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include import config
from include.expectations import QUERY, Rule
from include.rejects import broken_condition

if TYPE_CHECKING:
    from include.warehouse import Warehouse

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # its notes on its own insides bury the verdict

# What Great Expectations asks in statements of their own, beside the one that it makes of most column rules.
ONE_BY_ONE = {"expect_column_pair_values_a_to_be_greater_than_b", "expect_column_value_lengths_to_be_between"}


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
    """Runs rules on one table, in a session of the warehouse, and keeps Data Docs of what it found in `docs`."""

    def __init__(self, warehouse: "Warehouse", table: str, docs: Path) -> None:
        """`table` is schema.table."""
        self._warehouse = warehouse
        self._schema, self._table = table.split(".")
        self._docs = docs

    def check(self, rules: Sequence[Rule]) -> list[Outcome]:
        """An outcome for every rule, in their order.

        Raises:
            ValidationError: an expectation raised instead of answering.
        """
        from include.lent_session import lend

        with lend(self._warehouse):
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
        """Rules that may fail, found in few statements: what ONE_BY_ONE would cost is asked in one query of all.

        When that query fails, it casts doubt on all of them.
        """
        queries = [rule for rule in rules if _is_query(rule)]
        columns = [rule for rule in rules if not _is_query(rule)]
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

        from include import data_docs_view
        from include.lent_session import CONNECT_ARGS

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        for name in list(context.get_site_names()):
            context.delete_data_docs_site(name)
        backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(self._docs)}
        site: Any = {  # its type knows no sections
            "class_name": "SiteBuilder",
            "store_backend": backend,
            "site_section_builders": data_docs_view.sections(),
            "site_index_builder": data_docs_view.index(),
        }
        context.add_data_docs_site("batch", site)
        database = config.SNOWFLAKE_DATABASE
        sources: Any = context.data_sources  # its stubs know no further arguments of the engine
        # A text, not single arguments: with those, Great Expectations makes a new engine for each step. Nobody signs in
        # with it, because the engine takes the session that is lent.
        source = sources.add_snowflake(
            "warehouse",
            connection_string=f"snowflake://gate:lent@account/{database}/{self._schema}?warehouse=lent&role=lent",
            kwargs={"connect_args": dict(CONNECT_ARGS)},
        )
        asset = source.add_table_asset(self._table, table_name=self._table)
        return context, asset.add_batch_definition_whole_table("batch")

    def _run(self, context: Any, batch_definition: Any, rules: Sequence[Rule], result_format: str) -> list[Any]:
        import great_expectations as gx
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
        from great_expectations.expectations.metadata_types import FailureSeverity

        from include import counted_rows

        # One by one through add_expectation_configuration, two queries on the same table would replace each other.
        expectations = [
            ExpectationConfiguration(
                type=counted_rows.TYPE if rule.query else rule.type,
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


def _is_query(rule: Rule) -> bool:
    """Whether the first pass asks a rule as a query."""
    return rule.query is not None or rule.type in ONE_BY_ONE


def _in_order(results: Sequence[Any]) -> list[Any]:
    """Results in the order of the rules: Great Expectations groups them by kind."""
    return sorted(results, key=lambda result: result.expectation_config.meta["position"])


def _raised(result: Any) -> str | None:
    information = result.exception_info or {}
    entries = [information] if "raised_exception" in information else information.values()
    return next((str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")), None)


def _all_of(rules: Sequence[Rule]) -> Rule:
    """One rule that holds when all of these do."""
    parts = [rule.query or _query(rule) for rule in rules]
    query = "\nunion all\n".join(
        f"select found_{number}._row_number from ({part}) as found_{number}" for number, part in enumerate(parts)
    )
    return Rule(
        QUERY,
        {"unexpected_rows_query": query},
        "warning",
        why="no row breaks: " + "; ".join(rule.name for rule in rules),
    )


def _query(rule: Rule) -> str:
    """A rule on columns as the query for the rows that break it."""
    return f"select landed._row_number from {{batch}} as landed where {broken_condition(rule, '{batch}')}"


def _outcome(rule: Rule, result: Any) -> Outcome:
    details = result.result
    if result.success:
        return Outcome(rule, True)
    if "unexpected_count" in details:
        return Outcome(rule, False, int(details["unexpected_count"]))
    if rule.query:
        return Outcome(rule, False, int(details["observed_value"]))
    return Outcome(rule, False, observed=str(details.get("observed_value")))
