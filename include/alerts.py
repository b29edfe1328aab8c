"""Tell on-call: Slack and e-mail, by the providers' own notifiers."""

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from include import config

log = logging.getLogger(__name__)

_FAILED = "{{ ti.dag_id }}.{{ ti.task_id }} failed in {{ run_id }}"
_LATE = "{{ dag_run.dag_id }} is late: {{ dag_run.run_id }} was not through %s after it was queued"


def on_task_failure() -> list[Any]:
    """Callbacks of a task that failed for good: what, where, and the link to its log."""
    return [
        SlackWebhookNotifier(
            slack_webhook_conn_id=config.SLACK_ALERTS,
            text=f":red_circle: {_FAILED}\nLog: {{{{ ti.log_url }}}}\nWhat to do: the DAG's Triage section.",
        ),
        SmtpNotifier(
            smtp_conn_id=config.SMTP,
            to=config.ALERT_EMAIL,
            subject=f"[warehouse] {_FAILED}",
            html_content=f"<p>{_FAILED}.</p><p><a href='{{{{ ti.log_url }}}}'>Log of the task</a></p>",
        ),
    ]


def late_slack(due_after: timedelta) -> tuple[type, dict[str, Any]]:
    """Slack notifier of a missed deadline and its arguments."""
    text = ":warning: " + _LATE % due_after
    return SlackWebhookNotifier, {"slack_webhook_conn_id": config.SLACK_ALERTS, "text": text}


def late_email(due_after: timedelta) -> tuple[type, dict[str, Any]]:
    """E-mail notifier of a missed deadline and its arguments."""
    text = _LATE % due_after
    return SmtpNotifier, {
        "smtp_conn_id": config.SMTP,
        "to": config.ALERT_EMAIL,
        "subject": f"[warehouse] {text}",
        "html_content": f"<p>{text}.</p>",
    }


def warn(text: str) -> None:
    """Post a warning to Slack from inside a task; a channel that is down is logged, never fails the task."""
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    try:
        SlackWebhookHook(slack_webhook_conn_id=config.SLACK_ALERTS, timeout=10).send(text=f":warning: {text}")
    except Exception:
        log.exception("Slack did not take the warning %r", text)
