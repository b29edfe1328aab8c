"""Tell on-call, once: Slack and e-mail, by the providers' own hooks, remembered in audit.alerts.

`raise_alert` and `recover` never fail the task that calls them: a channel or a warehouse that is down is logged.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include import alert_log, alert_messages, config
from include.alert_log import OpenAlert, Recovery
from include.alert_messages import Alert, Message

if TYPE_CHECKING:
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

SLACK_SECONDS = 10
SLACK_RETRIES = 2


def raise_alert(alert: Alert) -> bool:
    """Tell on-call, unless an alert with the same key is open, they were told within REMIND_AFTER, and nothing is new.

    Without the warehouse it is told anyway: twice is better than never.

    Returns:
        Whether a message was sent on at least one channel.
    """
    now = datetime.now(UTC)
    try:
        with alert_log.open_log() as warehouse:
            seen = alert_log.see(warehouse, alert, now)
    except Exception as error:
        log.warning("audit.alerts cannot be asked (%s): the alert is sent unseen", type(error).__name__)
        return _send(alert_messages.raised(alert, now, times=1, reminder=False))
    if not seen.tell:
        log.info("%s is open already, seen %d times: not told again", alert.key, seen.times)
        return False
    sent = _send(alert_messages.raised(alert, seen.first_seen_at, seen.times, seen.reminder, seen.news))
    if sent:
        _remember_telling(alert.key)
    return sent


def settle(key: str, is_over: Callable[[str], bool], warehouse: "Warehouse") -> frozenset[str] | None:
    """Strike off what is over of the trouble that an alert was told for; what is left, None when that is not known.

    `warehouse` must not be in a transaction.
    """
    try:
        return alert_log.settle(warehouse, key, is_over)
    except Exception as error:
        log.warning("audit.alerts cannot be asked (%s): %s stays as it is", type(error).__name__, key)
        return None


def recover(*keys: str, by: Recovery | None = None, warehouse: "Warehouse | None" = None) -> int:
    """Close the open alerts of these keys and send one message for each that on-call was told of.

    One whose message no channel takes stays open: the next who sees its end tells it.

    Args:
        keys: whole keys, or beginnings that end in `.*`.
        by: the run that proves them over; one that began before an alert does not, unless it raised it itself. None:
            the caller has seen for itself that they are over.
        warehouse: a session to use; it must not be in a transaction.

    Returns:
        How many alerts were closed.
    """
    now = datetime.now(UTC)
    try:
        with nullcontext(warehouse) if warehouse else alert_log.open_log() as session:
            closed = alert_log.recover(session, keys, by or Recovery(), now)
            # Rows of one key are one alert to the people who were told.
            told = {alert.key: alert for alert in closed if alert.notified_at}
            untold = [alert for alert in told.values() if not _send_end(alert, now)]
            for alert in untold:
                alert_log.reopen(session, alert)
    except Exception as error:
        log.warning("audit.alerts cannot be asked (%s): open alerts stay open", type(error).__name__)
        return 0
    return len(closed) - len(untold)


def _send_end(alert: OpenAlert, now: datetime) -> bool:
    log.info("%s is over", alert.key)
    return _send(alert_messages.recovered(alert.kind, alert.headline, alert.first_seen_at, now, alert.times))


def _send(message: Message) -> bool:
    """Send on both channels, each whatever became of the other; whether one took it."""
    channels: dict[str, Callable[[Message], None]] = {"Slack": _send_to_slack, "E-mail": _send_by_email}
    taken = 0
    for name, send in channels.items():
        try:
            send(message)
            taken += 1
        except Exception as error:
            # Not the text of the error: it may hold the webhook's address, which is a secret.
            log.error("%s did not take %r (%s)", name, message.headline, type(error).__name__)
    return taken > 0


def _send_to_slack(message: Message) -> None:
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
    from slack_sdk.http_retry.builtin_handlers import (
        ConnectionErrorRetryHandler,
        RateLimitErrorRetryHandler,
        ServerErrorRetryHandler,
    )
    from slack_sdk.http_retry.handler import RetryHandler

    # They wait with back-off and jitter, or as long as Retry-After says. (The mail hook tries six times by itself.)
    kinds = (ConnectionErrorRetryHandler, RateLimitErrorRetryHandler, ServerErrorRetryHandler)
    retries: list[RetryHandler] = [kind(max_retry_count=SLACK_RETRIES) for kind in kinds]
    text, blocks = alert_messages.slack(message)
    hook = SlackWebhookHook(slack_webhook_conn_id=config.SLACK_ALERTS, timeout=SLACK_SECONDS, retry_handlers=retries)
    hook.send(text=text, blocks=blocks)


def _send_by_email(message: Message) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    subject, html = alert_messages.email(message)
    with SmtpHook(smtp_conn_id=config.SMTP) as hook:
        hook.send_email_smtp(to=config.ALERT_EMAIL, subject=subject, html_content=html)


def _remember_telling(key: str) -> None:
    try:
        with alert_log.open_log() as warehouse:
            alert_log.told(warehouse, key, datetime.now(UTC))
    except Exception as error:
        log.warning("audit.alerts does not know that %s was told (%s): it will be again", key, type(error).__name__)
