"""One seed: the days of a history under harm, mended as an operator would, then one quiet load, then the comparison."""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from include.bootstrap import bootstrap
from include.warehouse import open_warehouse
from local import postgres
from local.airflow_settings import read_settings
from local.stack import Stack, start_stack, stop_stack
from tests.built import TRUSTING, authority
from tests.chaos import comparison, timeline
from tests.chaos.crew import Outcome, Worker, make_template
from tests.chaos.injector import (
    AWAY,
    BY_HAND_BESIDE,
    IN_RANDOM_ORDER,
    LATE_ANEW,
    LATE_BY_HAND,
    POSTPONED,
    SAME_DAY_AGAIN,
    TABLES,
    TOLD,
    TWO_BACKFILLS,
    Drift,
    Harm,
    Injector,
)
from tests.chaos.marts import Marts
from tests.chaos.proxy import Proxy, Trouble
from tests.chaos.sources import Sources, write_dataset
from tests.chaos.worker import Order, Run, Setup

MOST_REPAIRS = 6
MOST_BUILDS = 2  # between the days; two more come at the end
ALWAYS = 1_000_000
PUBLISHED_BY_RUN = """
    select count(*), coalesce(sum(landed_rows), 0) from audit.loads
    where dag_id = %(dag)s and run_id = %(run)s and table_name = %(table)s
"""

Say = Callable[[str], None]


@dataclass
class Verdict:
    """What came of a seed. `problems` is empty when it passed."""

    seed: int
    days: int
    problems: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    happened: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.problems


class NotMended(Exception):
    """A run does not get through, though nothing is broken any more."""


def run_seed(
    seed: int,
    days: int,
    state: Path,
    say: Say,
    without: str | None = None,
    only: str | None = None,
    harm: bool = True,
) -> Verdict:
    """Run a seed on a stack of its own, which is stopped and removed again; its logs stay in `state`.

    `without` names a guard to take away, `only` the one kind of harm to do; without `harm`, none is done.
    """
    began = time.monotonic()
    verdict = Verdict(seed, days)
    history = timeline.make(seed, days)
    verdict.happened = dict(history.happened)
    place = state / f"seed-{seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with _stack(history, place) as stack, Proxy(stack.endpoints["saas"]["base_url"], place, stack.ca_file) as proxy:
        campaign = Campaign(history, stack, proxy, place, without, verdict, say, harm, only)
        try:
            campaign.run()
        except (NotMended, AssertionError) as error:
            verdict.problems.append(str(error))
        finally:
            campaign.end()
    if verdict.passed:
        _remove_all_but_logs(place)
    verdict.seconds = time.monotonic() - began
    return verdict


@contextmanager
def _stack(history: timeline.Timeline, place: Path) -> Iterator[Stack]:
    write_dataset(history, place)
    os.environ |= {"LOCAL_PORT_BASE": "0", "LOCAL_STATE": str(place)}
    stack = start_stack(None, place)
    try:
        yield stack
    finally:
        stop_stack(place)


def _remove_all_but_logs(place: Path) -> None:
    for path in place.iterdir():
        if path.name not in ("logs", "worker.log", "second.log"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


class Campaign:
    """The harmed days of one seed, and the quiet load after them."""

    def __init__(
        self,
        history: timeline.Timeline,
        stack: Stack,
        proxy: Proxy,
        place: Path,
        without: str | None,
        verdict: Verdict,
        say: Say,
        harm: bool,
        only: str | None,
    ) -> None:
        self.history, self.proxy, self.place, self.verdict, self.say = history, proxy, place, verdict, say
        self.harmful, self.only, self.guardless = harm, only, without is not None
        self.chance = random.Random(f"campaign {history.seed}")
        self.injector = Injector(history.seed, only)
        self.sources = Sources(stack, history)
        proxied = replace(
            stack,
            endpoints=stack.endpoints | {"saas": {"base_url": f"https://localhost:{proxy.port}", "port": proxy.port}},
        )
        environment = stack.environment() | read_settings().for_stack(proxied).environment()
        environment |= dict.fromkeys(TRUSTING, str(authority(stack.ca_file, place)))
        os.environ |= environment
        self.stack = stack
        self._marts: Marts | None = None
        self.builds = 0
        warehouse = stack.endpoints["snowflake"]
        address = f"https://{warehouse['host']}:{warehouse['port']}"
        setup = Setup(environment, address, place / "template.db", place, place / "worker.log", without)
        template = make_template(setup)
        self.workers = [self._worker(setup, template, name) for name in ("worker", "second")]
        self.template, self.setup = template, setup
        self.postponed: list[Run] = []
        self.earlier: list[Run] = []
        self.unhealed: list[date] = []
        self.numbers = Counter[str]()

    def _worker(self, setup: Setup, template: Path, name: str) -> Worker:
        metadata = self.place / f"{name}.db"
        shutil.copy(template, metadata)
        return Worker(replace(setup, metadata=metadata, log=self.place / f"{name}.log"))

    @property
    def marts(self) -> Marts:
        """dbt, once it is needed: the project takes its time to be parsed."""
        if self._marts is None:
            self._marts = Marts(self.stack, self.place.parent / "dbt")
        return self._marts

    def end(self) -> None:
        for worker in self.workers:
            worker.kill()

    def run(self) -> None:
        """The whole of it; problems go to the verdict.

        Raises:
            NotMended: a run does not get through.
            AssertionError: a model of dbt failed.
        """
        with open_warehouse("chaos") as warehouse:
            self.tables = bootstrap(warehouse)
        self.sources.hide_exports()
        self._harmed_days()
        with open_warehouse("chaos") as warehouse:
            self.verdict.problems += comparison.unbalanced(warehouse)
            self.verdict.batches = comparison.batches(warehouse)
            if self.guardless and self.verdict.problems:
                return  # noticed, and that was the question
            self.marts.build(warehouse)
            harmed = comparison.held(warehouse)
            for name in self.tables:
                warehouse.execute(f"truncate table {name}")
        self.say("one quiet load of the same data")
        self._quiet_load()
        with open_warehouse("chaos") as warehouse:
            self.verdict.problems += comparison.unbalanced(warehouse)
            self.verdict.problems += comparison.missing_keys(warehouse, self.history.final_keys())
            self.marts.build(warehouse, full=True)
            clean = comparison.held(warehouse)
        self.verdict.problems += map(str, comparison.compare(clean, harmed))

    # -- the days --------------------------------------------------------------------------------------------------

    def _harmed_days(self) -> None:
        waiting: list[date] = []
        last = len(self.history.days) - 1
        for number, day in enumerate(self.history.days):
            began = time.monotonic()
            self.sources.pass_day(number)
            self.unhealed += self.history.missed[number]
            waiting.append(day)
            if number < last and len(waiting) < 4 and self._happens(0.15, IN_RANDOM_ORDER):
                self.say(f"{day}: no runs, everything is away")
                continue
            if len(waiting) > 1:
                self.chance.shuffle(waiting)
                self._happened(IN_RANDOM_ORDER)
            self.earlier, self.postponed = self.postponed, []
            for each in waiting:
                for dag_id in self.chance.sample(list(TABLES), len(TABLES)):
                    self._scheduled(dag_id, each, may_wait=number < last)
            waiting = []
            self._resume(self.earlier)
            self._besides(number)
            if number == last or self._happens(0.4):
                self._heal()
            if number < last and self.builds < MOST_BUILDS and self._happens(0.15):
                self._build()
            self.say(f"{day}: loaded in {time.monotonic() - began:.1f} s, {self.verdict.struck.total()} faults so far")
            if self.guardless and self.verdict.problems:
                return
        self._resume(self.postponed)

    def _resume(self, runs: list[Run]) -> None:
        """Go on with runs after those of later days. What they take back may soon be loaded anew: look at once."""
        for run in runs:
            with open_warehouse("chaos") as warehouse:
                before = comparison.versions(warehouse)
            self._through(self.workers[0], run, Harm())
            with open_warehouse("chaos") as warehouse:
                after = comparison.versions(warehouse)
            self.verdict.problems += [
                f"{run.dag_id} {run.run_id} took back {key} from {before[key]} to {after.get(key)}"
                for key in sorted(before)
                if key not in after or after[key] < before[key]
            ]

    def _happens(self, chance: float, kind: str | None = None) -> bool:
        """Whether something happens now: by chance, or always and alone where this kind of harm is asked for."""
        drawn = self.chance.random() < chance
        return self.harmful and (drawn if self.only is None else self.only == kind)

    def _happened(self, kind: str) -> None:
        self.verdict.struck[kind] += 1

    def _scheduled(self, dag_id: str, day: date, may_wait: bool) -> None:
        """The daily run, alone or with a run by hand beside it over the days around."""
        run = self._daily(dag_id, day)
        overtakes = self.only == POSTPONED and any(each.dag_id == dag_id for each in self.earlier)
        harm = self.injector.harm(dag_id) if self.harmful and not overtakes else Harm()
        if self._happens(0.06, BY_HAND_BESIDE):
            self._happened(BY_HAND_BESIDE)
            beside = self._by_hand(dag_id, max(day - timedelta(days=1), self.history.days[0]), day)
            self._at_once((run, harm), (beside, Harm()))
        else:
            self._through(self.workers[0], run, harm, may_wait)

    def _besides(self, number: int) -> None:
        """Days that are loaded once more, by two backfills at once or by one of an operator's ways."""
        done = self.history.days[: number + 1]
        if len(done) > 1 and self._happens(0.15, TWO_BACKFILLS):
            self._happened(TWO_BACKFILLS)
            dag_id = self.chance.choice(list(TABLES))
            for day in (day for day in done[-2:] if self._daily(dag_id, day) not in self.postponed):
                self._at_once((self._backfill(dag_id, day), Harm()), (self._backfill(dag_id, day), Harm()))
        if self._happens(0.2, SAME_DAY_AGAIN):
            self._happened(SAME_DAY_AGAIN)
            dag_id, day = self.chance.choice(list(TABLES)), self.chance.choice(done)
            again = self._daily(dag_id, day)
            if self.chance.random() < 0.5 and again not in self.postponed:
                self._through(self.workers[0], again, self.injector.harm(dag_id), clear="run")
            else:
                self._through(self.workers[0], self._by_hand(dag_id, day, day), self.injector.harm(dag_id))

    def _heal(self) -> None:
        """Load the days whose rows came too late for every daily run, as reconcile asks."""
        days, self.unhealed = sorted(set(self.unhealed)), []
        for day in days:
            daily = self._daily("ingest_orders", day)
            if daily not in self.postponed and self.chance.random() < 0.5:
                self._happened(LATE_ANEW)
                self._through(self.workers[0], daily, Harm(), clear="delete")
            else:
                self._happened(LATE_BY_HAND)
                self._through(self.workers[0], self._by_hand("ingest_orders", day, day), Harm())

    def _build(self) -> None:
        self.builds += 1
        with open_warehouse("chaos") as warehouse:
            self.marts.build(warehouse)

    def _quiet_load(self) -> None:
        self.proxy.lift()
        setup = replace(self.setup, state=self.place / "quiet")
        worker = self._worker(setup, self.template, "quiet")
        self.workers.append(worker)
        for dag_id in TABLES:
            run = self._by_hand(dag_id, self.history.days[0], self.history.days[-1])
            outcome = worker.run(Order(run))
            if outcome.state != "success":
                raise NotMended(f"the quiet load of {dag_id} ended as {outcome.state}: {', '.join(outcome.failed)}")

    # -- runs ------------------------------------------------------------------------------------------------------

    def _daily(self, dag_id: str, day: date) -> Run:
        interval = timeline.midnight(day), timeline.midnight(day + timedelta(days=1))
        return Run(dag_id, f"scheduled__{interval[0].isoformat()}", "scheduled", interval)

    def _backfill(self, dag_id: str, day: date) -> Run:
        interval = timeline.midnight(day), timeline.midnight(day + timedelta(days=1))
        self.numbers[dag_id] += 1
        return Run(dag_id, f"backfill__{interval[0].isoformat()}_{self.numbers[dag_id]}", "backfill", interval)

    def _by_hand(self, dag_id: str, first: date, last: date) -> Run:
        self.numbers[dag_id] += 1
        conf = {"start": first.isoformat(), "end": (last + timedelta(days=1)).isoformat()}
        return Run(dag_id, f"manual__{first}_{self.numbers[dag_id]}", "manual", conf=conf)

    def _at_once(self, *pairs: tuple[Run, Harm]) -> None:
        """Runs in a worker each, at the same time; then what is left to mend, one after the other."""
        for worker, (run, harm) in zip(self.workers, pairs, strict=True):
            self._do_harm(harm, run)
            worker.give(Order(run, faults=harm.faults))
        outcomes = [worker.answer() for worker in self.workers[: len(pairs)]]
        for worker, (run, harm), outcome in zip(self.workers, pairs, outcomes, strict=True):
            self._through(worker, run, harm, outcome=outcome)

    def _through(
        self,
        worker: Worker,
        run: Run,
        harm: Harm,
        may_wait: bool = False,
        clear: str | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Run a DAG run and do what an operator does until it has succeeded, or leave it until after the next day."""
        faults = list(harm.faults)
        alone = outcome is None  # who publishes beside others may have to be helped
        if outcome is None:
            self._do_harm(harm, run)
            outcome = worker.run(Order(run, clear, faults))
        repairs = 0
        while outcome.state != "success":
            self._count(outcome)
            faults = [fault for fault in faults if fault.kind not in outcome.struck]
            if outcome.state == "killed":
                if may_wait and (self.only == POSTPONED or self.chance.random() < 0.4):
                    self._happened(POSTPONED)
                    self.postponed.append(run)
                    self._mend(harm, run)
                    return
                outcome = worker.run(Order(run, None, faults))
                continue
            if alone and repairs == 0 and harm.mends_itself:
                after = ", ".join(harm.kinds) or "nothing"
                failed = ", ".join(outcome.failed)
                self.verdict.problems.append(f"{run.dag_id} {run.run_id}: {failed} failed for good after: {after}")
            self._mend(harm, run)
            harm = Harm()
            repairs += 1
            if repairs > MOST_REPAIRS:
                raise NotMended(f"{run.dag_id} {run.run_id} fails again and again in {', '.join(outcome.failed)}")
            # Landed files that are wrong need a new extract; after that, everything anew.
            how = self.chance.choice(("failed", "batch")) if repairs == 1 else "batch" if repairs < 4 else "run"
            outcome = worker.run(Order(run, how, faults))
        self._count(outcome)
        self._mend(harm, run)

    def _count(self, outcome: Outcome) -> None:
        self.verdict.struck.update(outcome.struck)

    # -- harm to the sources -----------------------------------------------------------------------------------------

    def _do_harm(self, harm: Harm, run: Run) -> None:
        if harm.trouble:
            trouble = harm.trouble
            kind = TOLD[trouble.how]
            told: list[str] = []

            def tell() -> None:
                if not told:
                    told.append(kind)
                    self.verdict.struck[kind] += 1

            self.proxy.add(replace(trouble, told=tell))
        if harm.away:
            self._happened(AWAY)
            self.sources.alter(f"alter role {postgres.READER} nologin")
        if harm.drift:
            harm.published = self._published(harm.drift, run)
            self._drift(harm.drift)

    def _drift(self, drift: Drift) -> None:
        if drift.source:
            self.proxy.add(Trouble(drift.source, drift.harm, ALWAYS))
        else:
            self.sources.alter(drift.harm)

    def _mend(self, harm: Harm, run: Run) -> None:
        """The source is as it should be again; a drifted table of the run has published nothing."""
        self.proxy.lift()
        if harm.away:
            self.sources.alter(f"alter role {postgres.READER} login")
        if harm.drift:
            self._check_drift(harm.drift, run, harm.published)
            if harm.drift.mend:
                self.sources.alter(harm.drift.mend)
        harm.away, harm.drift, harm.trouble = False, None, None

    def _check_drift(self, drift: Drift, run: Run, before: tuple[int, int]) -> None:
        batches, rows = self._published(drift, run)
        if batches == before[0]:
            self._happened(drift.kind)
        elif rows > before[1]:  # a day without rows has no wrong one
            self.verdict.problems.append(f"{run.run_id} published {drift.table} although {drift.kind}: {drift.harm}")

    def _published(self, drift: Drift, run: Run) -> tuple[int, int]:
        """Batches of the drifted table that a run has published, and their rows."""
        values = {"dag": run.dag_id, "run": run.run_id, "table": drift.table}
        with open_warehouse("chaos") as warehouse:
            [(batches, rows)] = warehouse.execute(PUBLISHED_BY_RUN, values).fetchall()
        return int(batches), int(rows)
