"""The memory of alerts, audit.alerts: what is open, how often it was seen, when on-call was told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from include.alert_messages import Alert
from include.warehouse import Warehouse, connect_args

REMIND_AFTER = timedelta(hours=20)  # what is seen once a day comes some minutes sooner on one day than on another
SENDING = timedelta(minutes=5)  # longer than both channels take with all their retries
LOGIN_SECONDS = 20
STATEMENT_SECONDS = 60


@dataclass(frozen=True)
class Seen:
    """An alert as the log holds it after it was seen once more.

    `tell`: this process sends the message, as a `reminder`, or because there is `news` under an open alert.
    """

    first_seen_at: datetime
    times: int
    tell: bool
    reminder: bool = False
    news: bool = False


@dataclass(frozen=True)
class Held:
    """What decides about an open row. Times are aware; `trouble` is what on-call was told of, or is being told."""

    first_seen_at: datetime
    times: int
    claimed_at: datetime | None = None
    notified_at: datetime | None = None
    trouble: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OpenAlert:
    """A row of audit.alerts without an end. Times are aware; `notified_at` is None when nobody was told."""

    alert_id: str
    key: str
    kind: str
    headline: str
    run_id: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    times: int
    notified_at: datetime | None


@dataclass(frozen=True)
class Recovery:
    """The run that saw an alert's end, and when it began (aware); None where nothing is known of it."""

    run_id: str | None = None
    began_at: datetime | None = None


@contextmanager
def open_log() -> Iterator[Warehouse]:
    """A session that gives up soon: an alert must not wait for a warehouse that does not answer."""
    import snowflake.connector

    arguments = connect_args("alerts")
    arguments |= {"login_timeout": LOGIN_SECONDS, "network_timeout": STATEMENT_SECONDS}
    limits = {"STATEMENT_TIMEOUT_IN_SECONDS": STATEMENT_SECONDS, "LOCK_TIMEOUT": STATEMENT_SECONDS}
    arguments["session_parameters"] = {**arguments["session_parameters"], **limits}
    warehouse = Warehouse(snowflake.connector.connect(**arguments))
    try:
        yield warehouse
    finally:
        warehouse.close()


def see(warehouse: Warehouse, alert: Alert, now: datetime) -> Seen:
    """Count the alert, or open it, and decide in the same transaction whether this process tells it.

    The merge takes the lock of audit.alerts until the commit, so of two tasks that raise a key at once the second
    looks after the first has written that it tells it. Should the second's merge not see the first's row (a snapshot
    older than the lock), two rows are open: then the statement after it reads both, with what the first has written,
    and stays silent all the same; both rows close together.
    """
    values = {
        "alert_id": uuid4().hex,
        "alert_key": alert.key,
        "kind": alert.kind,
        "subject": alert.subject,
        "severity": alert.severity,
        "headline": alert.headline,
        "place": alert.where or None,
        "run_id": alert.run_id,
        "now": _naive(now),
    }
    with warehouse.transaction():
        warehouse.run("alerts/see.sql", values)
        rows = _held(warehouse, alert.key)
        seen = decide(rows, alert.trouble, now)
        if seen.tell:
            trouble = _text(_trouble(rows) | alert.trouble)
            claim = {"alert_key": alert.key, "claimed_at": _naive(now), "trouble": trouble}
            warehouse.run("alerts/claim.sql", claim)
    return seen


def decide(rows: Sequence[Held], trouble: frozenset[str], now: datetime) -> Seen:
    """What to do about the rows open under one key when this trouble is seen at `now` (aware).

    It is told once; at once when something is wrong that was not told; and again when the last message is REMIND_AFTER
    old. Who claimed to tell it and has not done so within SENDING has died, or no channel took it: then it is told.
    """
    claimed = max((row.claimed_at for row in rows if row.claimed_at), default=None)
    told = max((row.notified_at for row in rows if row.notified_at), default=None)
    first = min((row.first_seen_at for row in rows), default=now)
    times = sum(row.times for row in rows) or 1
    if claimed is None and told is None:
        return Seen(first, times, tell=True)
    if not trouble <= _trouble(rows):
        return Seen(first, times, tell=True, news=True)
    if claimed and (told is None or told < claimed):
        return Seen(first, times, tell=now - claimed >= SENDING, reminder=told is not None)
    due = told is not None and now - told >= REMIND_AFTER
    return Seen(first, times, tell=due, reminder=due)


def told(warehouse: Warehouse, key: str, now: datetime) -> None:
    """Write down that a channel has taken the message. Until then the alert counts as one that nobody was told of."""
    warehouse.run("alerts/notify.sql", {"alert_key": key, "notified_at": _naive(now)})


def settle(warehouse: Warehouse, key: str, is_over: Callable[[str], bool]) -> frozenset[str]:
    """Strike off what is over of the trouble under a key; what is left of it."""
    with warehouse.transaction():
        known = _trouble(_held(warehouse, key))
        left = frozenset(name for name in known if not is_over(name))
        if left != known:
            warehouse.run("alerts/set_trouble.sql", {"alert_key": key, "trouble": _text(left)})
    return left


def open_alerts(warehouse: Warehouse) -> list[OpenAlert]:
    """Every open alert, the oldest first."""
    return [
        OpenAlert(
            alert_id,
            key,
            kind,
            headline,
            run_id,
            _aware(first),
            _aware(last),
            int(times),
            _aware_or_none(told),
        )
        for alert_id, key, kind, headline, run_id, first, last, times, told in warehouse.rows("alerts/open_alerts.sql")
    ]


def recover(warehouse: Warehouse, keys: Sequence[str], by: Recovery, now: datetime) -> list[OpenAlert]:
    """Close the open alerts of these keys that `by` proves to be over; return those that this call closed.

    A key that ends in `.*` stands for all that begin like it. When nothing is to be closed, this is one small query.
    What remains possible: two tasks that see the end at the same moment both return it, where the warehouse judges the
    second update by the rows from before the first.
    """
    over = [alert for alert in open_alerts(warehouse) if is_over(alert, keys, by)]
    if not over:
        return []
    claim = uuid4().hex
    with warehouse.transaction():
        for alert in over:
            values = {"alert_id": alert.alert_id, "now": _naive(now), "recovered_by": claim}
            warehouse.run("alerts/recover.sql", values)
        closed = {alert_id for (alert_id,) in warehouse.rows("alerts/recovered_by.sql", {"recovered_by": claim})}
    return [alert for alert in over if alert.alert_id in closed]


def reopen(warehouse: Warehouse, alert: OpenAlert) -> None:
    """Take back that an alert was closed: nobody was told of its end, so the next who sees the end tells it."""
    warehouse.run("alerts/reopen.sql", {"alert_id": alert.alert_id})


def is_over(alert: OpenAlert, keys: Sequence[str], by: Recovery) -> bool:
    """Whether an alert is meant by the keys and the recovery came after it.

    The run that raised it proves it over, or one that began after it was last seen; one that began before says
    nothing: in a backfill, days succeed beside the one that failed.
    """
    meant = any(alert.key.startswith(key[:-1]) if key.endswith(".*") else alert.key == key for key in keys)
    later = by.began_at is None or alert.run_id == by.run_id or by.began_at > alert.last_seen_at
    return meant and later


def _held(warehouse: Warehouse, key: str) -> list[Held]:
    rows = warehouse.rows("alerts/open_under_key.sql", {"alert_key": key})
    return [
        Held(
            _aware(first),
            int(times),
            _aware_or_none(claimed),
            _aware_or_none(told),
            frozenset(json.loads(trouble or "[]")),
        )
        for first, times, claimed, told, trouble in rows
    ]


def _trouble(rows: Sequence[Held]) -> frozenset[str]:
    return frozenset().union(*(row.trouble for row in rows))


def _text(trouble: frozenset[str]) -> str:
    return json.dumps(sorted(trouble), ensure_ascii=False)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _aware_or_none(moment: datetime | None) -> datetime | None:
    return _aware(moment) if moment else None
