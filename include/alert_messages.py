"""What an alert says, and how it looks in Slack (Block Kit) and in an e-mail (HTML)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from include import config
from include.alert_filter import cut, masked
from include.config import store_timezone

HEADER_LENGTH = 150  # of a header block in Slack
TEXT_LENGTH = 2_000  # a section in Slack takes 3,000 characters, after escaping
DETAIL_LINES = 25


@dataclass(frozen=True)
class Kind:
    """One kind of alert: its title, how bad it is, and the first thing to do. The runbook holds the rest."""

    title: str
    severity: str
    to_do: str


KINDS = {
    "task_failed": Kind(
        "Task failed", "error", "Read the end of the task's log; mend the cause, then clear the task in the UI."
    ),
    "gate_failed": Kind(
        "Gate stopped a batch",
        "error",
        "Mend the source and clear the extract task, or correct the suite and clear gate.",
    ),
    "quarantine_exceeded": Kind(
        "Too many bad rows",
        "error",
        "Mend the source and clear the extract task, or raise the suite's limits and clear gate.",
    ),
    "gate_warning": Kind(
        "Gate warning", "warning", "The batch was published. Look at the rows; tell the owner of the source."
    ),
    "source_differs": Kind(
        "Source and warehouse differ",
        "warning",
        "Trigger the ingest DAG with reload_differences, or over the span in its log.",
    ),
    "deadline_missed": Kind(
        "Deadline missed", "error", "Open the run: mend what failed, wait for what is running, clear what is stuck."
    ),
    "late": Kind(
        "Data late", "error", "Look whether a run exists and where it stands; trigger one for the days missing."
    ),
    "cache_not_warmed": Kind(
        "Looker's cache is cold", "warning", "Nothing is broken, the first reader waits. Look at the Looker instance."
    ),
}
ICONS = {"error": ":red_circle:", "warning": ":warning:"}


@dataclass(frozen=True)
class Alert:
    """One thing on-call should know.

    Args:
        kind: a key of KINDS, which is also the name of its runbook.
        subject: what it is about: a table, a source, a DAG's task. With the kind it makes the key.
        what: what happened, one sentence.
        where: DAG, task and run.
        details: further lines.
        since: when it began (aware); None: when it was first seen.
        links: label and address or path, for example the task's log.
        run_id: the run that it happened in, if any.
        trouble: what is wrong, as names and days, never values of rows. What was not told yet under an open alert is
            told at once.
    """

    kind: str
    subject: str
    what: str
    where: str = ""
    details: tuple[str, ...] = ()
    since: datetime | None = None
    links: tuple[tuple[str, str], ...] = ()
    run_id: str | None = None
    trouble: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Under this key an alert is open once."""
        return f"{self.kind}:{self.subject}"

    @property
    def severity(self) -> str:
        return KINDS[self.kind].severity

    @property
    def headline(self) -> str:
        return f"{KINDS[self.kind].title}: {self.subject}"


@dataclass(frozen=True)
class Message:
    """A message for both channels. `links` are label and address or path."""

    icon: str
    headline: str
    text: str
    details: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]


def runbook(kind: str) -> str:
    """Path of the runbook in the repository."""
    return f"docs/runbooks/{kind}.md"


def runbook_link(kind: str) -> str:
    """Address of the runbook where RUNBOOKS_URL says that they can be read, else its path in the repository."""
    return address(config.RUNBOOKS_URL, f"{kind}.md") if config.RUNBOOKS_URL else runbook(kind)


def address(base: str, path: str) -> str:
    """Address of what stands at a path below another address."""
    return f"{base.rstrip('/')}/{quote(path)}"


def raised(alert: Alert, first_seen_at: datetime, times: int, reminder: bool, news: bool = False) -> Message:
    """The message of an alert; a reminder also says how often it was seen. Times are aware.

    `news`: the alert is open, and something else is wrong than on-call was told.
    """
    facts = [("Where", alert.where)] if alert.where else []
    facts.append(("Since", in_store_time(alert.since or first_seen_at)))
    if times > 1:
        facts.append(("Seen", f"{times:,} times"))
    facts.append(("What to do", KINDS[alert.kind].to_do))
    beginning = "New trouble: " if news else "Still open: " if reminder else ""
    return Message(
        icon=ICONS[alert.severity],
        headline=f"{beginning}{alert.headline}",
        text=alert.what,
        details=alert.details,
        facts=tuple(facts),
        links=(*alert.links, ("Runbook", runbook_link(alert.kind))),
    )


def recovered(kind: str, headline: str, first_seen_at: datetime, now: datetime, times: int) -> Message:
    """The one message that an alert is over. Times are aware."""
    seen = "once" if times == 1 else f"{times:,} times"
    return Message(
        icon=":white_check_mark:",
        headline=f"Recovered: {headline}",
        text=f"It is over. It was seen {seen}.",
        details=(),
        facts=(("Since", in_store_time(first_seen_at)), ("Over", in_store_time(now))),
        links=(("Runbook", runbook_link(kind)),),
    )


def slack(message: Message) -> tuple[str, list[dict[str, Any]]]:
    """Plain text for notifications, and the blocks."""
    headline = cut(_clean(message.headline), HEADER_LENGTH - len(message.icon) - 1)
    text = _slack(_clean(message.text))
    if message.details:
        text += f"\n```{_slack(_details(message.details))}```"
    facts = [f"*{label}*\n{_slack(_clean(value))}" for label, value in message.facts]
    links = " · ".join(_slack_link(label, target) for label, target in message.links)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": f"{message.icon} {headline}", "emoji": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": fact} for fact in facts]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": links}]},
    ]
    return f"{message.icon} {_slack(headline)}: {_slack(cut(_clean(message.text), HEADER_LENGTH))}", blocks


def email(message: Message) -> tuple[str, str]:
    """Subject and HTML."""
    headline = " ".join(_clean(message.headline).split())
    lines = "".join(
        f"<tr><th align='left' valign='top'>{escape(label)}</th><td>{escape(_clean(value))}</td></tr>"
        for label, value in message.facts
    )
    details = f"<pre>{escape(_details(message.details))}</pre>" if message.details else ""
    links = "".join(f"<li>{_html_link(label, target)}</li>" for label, target in message.links)
    head = f"<h3>{escape(headline)}</h3><p>{escape(_clean(message.text))}</p>"
    return f"[warehouse] {cut(headline, HEADER_LENGTH)}", f"{head}{details}<table>{lines}</table><ul>{links}</ul>"


def in_store_time(moment: datetime) -> str:
    """An aware moment as people at the shop read it."""
    zone = store_timezone()
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def _clean(text: str) -> str:
    return cut(masked(text), TEXT_LENGTH)


def _details(lines: Sequence[str]) -> str:
    shown = [masked(line) for line in lines[:DETAIL_LINES]]
    if len(lines) > DETAIL_LINES:
        shown.append(f"… and {len(lines) - DETAIL_LINES:,} more; the task's log has them all")
    return cut("\n".join(shown), TEXT_LENGTH)


def _slack(text: str) -> str:
    """Slack takes these three characters for its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_link(label: str, target: str) -> str:
    return f"<{target}|{label}>" if _is_address(target) else f"{label}: `{_slack(target)}`"


def _html_link(label: str, target: str) -> str:
    if _is_address(target):
        return f'<a href="{escape(target, quote=True)}">{escape(label)}</a>'
    return f"{escape(label)}: <code>{escape(target)}</code>"


def _is_address(target: str) -> bool:
    return target.startswith(("https://", "http://"))
