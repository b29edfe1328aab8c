"""What goes wrong in which run: drawn from the seed alone."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from include.contracts import contract
from tests.chaos import faults
from tests.chaos.faults import Fault
from tests.chaos.proxy import Trouble

TABLES = {
    "ingest_orders": ("orders", "order_items", "refunds"),
    "ingest_catalog": ("products",),
    "ingest_crm": ("customers",),
    "ingest_web_events": ("web_events",),
}
STEPS = ("extract", "land", "gate", "publish")
SHARE_OF_RUNS = 0.45
MOST_DRAWS = 500
# Of each statement inside publish's transaction, the words by which it is known.
INSIDE_EVERY_PUBLISH = ("into {target}", "into {target}", "where _batch_id", "insert into audit.loads")
INSIDE_PUBLISH = (*INSIDE_EVERY_PUBLISH, "merge into {quarantine}")  # the last only where the gate rejected something
ANSWERS = {
    "catalog": ("429", "500", "503", "garbage", "half a page", "hang", "doubled", "shuffled"),
    "crm": ("500", "503", "garbage", "half a page", "hang", "doubled", "shuffled"),
    "web_events": ("500", "503", "garbage", "half a page"),
}
TOLD = {
    "429": "source answers 429 with Retry-After",
    "500": "source answers 500",
    "503": "source answers 503",
    "garbage": "source answers garbage",
    "half a page": "source breaks off in a page",
    "hang": "source hangs beyond the time-out",
    "doubled": "rows twice in a page",
    "shuffled": "rows out of order",
}
RETYPED, RENAMED, AWAY = "column retyped", "column renamed", "order database away"
IN_RANDOM_ORDER, TWO_BACKFILLS = "days in random order", "two backfills at once"
BY_HAND_BESIDE, SAME_DAY_AGAIN = "manual run beside a scheduled one", "the same day again"
POSTPONED = "postponed until after the next day"
LATE_BY_HAND, LATE_ANEW = "late rows loaded by a run by hand", "late rows loaded by a run deleted and made again"


@dataclass(frozen=True)
class Drift:
    """A column of a source that is not what the contract says, until it is mended: statements of the order database,
    or what the proxy does to the source's answers."""

    kind: str
    table: str
    harm: str
    mend: str = ""
    source: str | None = None


# Money is held as text first: a float holds these amounts exactly, and comes back as it was.
DRIFTS = (
    Drift(RETYPED, "orders", "alter table orders alter total_amount type double precision",
          "alter table orders alter total_amount type numeric(18, 4)"),
    Drift(RETYPED, "order_items", "alter table order_items alter unit_price type double precision",
          "alter table order_items alter unit_price type numeric(18, 4)"),
    Drift(RETYPED, "refunds", "alter table refunds alter amount type double precision",
          "alter table refunds alter amount type numeric(18, 4)"),
    Drift(RENAMED, "orders", "alter table orders rename status to state",
          "alter table orders rename state to status"),
    Drift(RENAMED, "order_items", "alter table order_items rename product_id to sku",
          "alter table order_items rename sku to product_id"),
    Drift(RETYPED, "products", "retyped", source="catalog"),
    Drift(RENAMED, "products", "renamed", source="catalog"),
    Drift(RENAMED, "customers", "renamed", source="crm"),
)  # fmt: skip


@dataclass
class Harm:
    """What is done to one run. `published` are its batches and rows of the drifted table before the drift."""

    faults: list[Fault] = field(default_factory=list)
    trouble: Trouble | None = None
    drift: Drift | None = None
    away: bool = False
    published: tuple[int, int] = (0, 0)

    @property
    def mends_itself(self) -> bool:
        """Whether a retry alone must get the run through."""
        outside = self.trouble or self.drift or self.away
        return not outside and not any(fault.needs_operator for fault in self.faults)

    @property
    def kinds(self) -> list[str]:
        """What it is called in the report."""
        told = [fault.kind for fault in self.faults]
        told += [TOLD[self.trouble.how]] if self.trouble else []
        told += [self.drift.kind] if self.drift else []
        return told + [AWAY] * self.away


class Injector:
    """Draws the harm of each run of a seed."""

    def __init__(self, seed: int, only: str | None = None) -> None:
        self.chance = random.Random(f"injector {seed}")
        self.only = only

    def harm(self, dag_id: str) -> Harm:
        """What the next run of a DAG suffers; for about half of them nothing, or always the one kind asked for."""
        if self.only is None:
            return self.draw(dag_id) if self.chance.random() < SHARE_OF_RUNS else Harm()
        if self.only == POSTPONED:
            return Harm([self.kill_inside_publish(self.chance.choice(TABLES[dag_id]), INSIDE_EVERY_PUBLISH)])
        drawn = (self.draw(dag_id) for _ in range(MOST_DRAWS))
        return next((harm for harm in drawn if self.only in harm.kinds), Harm())

    def draw(self, dag_id: str) -> Harm:
        """Any harm that a run of a DAG may suffer."""
        table = self.chance.choice(TABLES[dag_id])
        source = dag_id.removeprefix("ingest_")
        drifts = [drift for drift in DRIFTS if drift.table == table]
        kinds: list[tuple[int, Callable[[], Harm]]] = [
            (12, lambda: Harm([self.kill(table)])),
            (6, lambda: Harm([self.broken_warehouse(table)])),
            (6, lambda: Harm([self.broken_lake(table)])),
        ]
        if source in ANSWERS:
            kinds.append((7, lambda: Harm(trouble=self.trouble(source))))
        else:
            kinds.append((3, lambda: Harm(away=True)))
        if drifts:
            kinds.append((3, lambda: Harm(drift=self.chance.choice(drifts))))
        [draw] = self.chance.choices([make for _, make in kinds], [weight for weight, _ in kinds])
        return draw()

    def kill(self, table: str) -> Fault:
        """A worker's end: at some moment of a task, or between two statements, most of all inside publish."""
        match self.chance.randrange(4):
            case 0:
                seconds = self.chance.random() * 0.5
                return faults.KilledInTask(table=table, step=self.chance.choice(STEPS), seconds=seconds)
            case 1:
                step = self.chance.choice(("land", "gate", "publish", "publish"))
                return faults.KilledAtStatement(
                    table=table, step=step, number=self.chance.randint(1, 3 + 8 * (step == "publish"))
                )
            case _:
                return self.kill_inside_publish(table)

    def kill_inside_publish(self, table: str, statements: Sequence[str] = INSIDE_PUBLISH) -> Fault:
        agreed = contract(table)
        text = self.chance.choice(statements).format(target=agreed.target, quarantine=agreed.quarantine)
        return faults.KilledAfter(table=table, step="publish", text=text)

    def broken_warehouse(self, table: str) -> Fault:
        match self.chance.randrange(3):
            case 0:
                return faults.SessionLost(table=table, step="publish", number=self.chance.randint(1, 7))
            case 1:
                step = self.chance.choice(("land", "gate", "publish"))
                return faults.StatementFailed(
                    table=table, step=step, number=self.chance.randint(1, 9 if step == "publish" else 3)
                )
            case _:
                return faults.AnswerLost(table=table, step="publish")

    def broken_lake(self, table: str) -> Fault:
        match self.chance.randrange(6):
            case 0:
                return faults.FileTruncated(table=table, step="land")
            case 1:
                return faults.FileCorrupted(table=table, step="land")
            case 2 | 3:
                return faults.FileReplaced(table=table, step="land", missing=self.chance.random() < 0.5)
            case 4:
                return faults.ManifestChanged(table=table, step="land", name=self.chance.choice(("rows", "money")))
            case _:
                return faults.Leftovers(table=table, step="land")

    def trouble(self, source: str) -> Trouble:
        how = self.chance.choice(ANSWERS[source])
        many = how in ("429", "500", "503")
        return Trouble(source, how, times=self.chance.randint(2, 9) if many else 1)


KINDS = (
    *(fault.kind for fault in faults.WORKER_FAULTS),
    *TOLD.values(),
    RETYPED,
    RENAMED,
    AWAY,
    IN_RANDOM_ORDER,
    TWO_BACKFILLS,
    BY_HAND_BESIDE,
    SAME_DAY_AGAIN,
    POSTPONED,
    LATE_BY_HAND,
    LATE_ANEW,
)
