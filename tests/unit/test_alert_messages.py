"""What an alert says in Slack and by e-mail, and what it never says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include import config
from include.alert_filter import EXCEPTION_LENGTH, described, masked
from include.alert_messages import KINDS, Alert, email, raised, recovered, runbook, slack

REPOSITORY = Path(__file__).parents[2]
SEEN = datetime(2026, 7, 1, 5, 5, tzinfo=UTC)
LOG = "https://airflow.example/dags/ingest_orders/runs/r%2B1/tasks/orders.gate?try_number=2"


def alert(**changes: object) -> Alert:
    told = {
        "kind": "gate_failed",
        "subject": "orders",
        "what": "orders: 1 critical expectation(s) failed; nothing was published.",
        "where": "DAG ingest_orders, task orders.gate, run r1",
        "details": ("  known status: 1 of 2 rows", "    find them: select order_id where status <> 'paid' & 1 < 2"),
        "links": (("Task log", LOG), ("Data Docs", "data_docs/orders/b1/index.html")),
        "run_id": "r1",
    }
    return Alert(**(told | changes))


def test_a_message_says_what_where_since_when_and_what_to_do_with_links():
    text, blocks = slack(raised(alert(), SEEN, times=1, reminder=False))
    assert text.startswith(":red_circle: Gate stopped a batch: orders: orders: 1 critical")
    assert [block["type"] for block in blocks] == ["header", "section", "section", "context"]
    assert blocks[0]["text"]["text"] == ":red_circle: Gate stopped a batch: orders"
    fields = [field["text"].split("\n")[0] for field in blocks[2]["fields"]]
    assert fields == ["*Where*", "*Since*", "*What to do*"]
    assert "2026-07-01 06:05 (Europe/London)" in blocks[2]["fields"][1]["text"]
    links = blocks[3]["elements"][0]["text"]
    assert links == (
        f"<{LOG}|Task log> · Data Docs: `data_docs/orders/b1/index.html` · Runbook: `docs/runbooks/gate_failed.md`"
    )
    subject, html = email(raised(alert(), SEEN, times=1, reminder=False))
    assert subject == "[warehouse] Gate stopped a batch: orders"
    for part in ("nothing was published", "DAG ingest_orders", "2026-07-01 06:05", "Mend the source", f'href="{LOG}"'):
        assert part in html, part
    assert "docs/runbooks/gate_failed.md" in html


def test_links_lead_to_where_runbooks_can_be_read(monkeypatch):
    monkeypatch.setattr(config, "RUNBOOKS_URL", "https://git.example/warehouse/docs/runbooks/")
    address = "https://git.example/warehouse/docs/runbooks/gate_failed.md"
    for message in (
        raised(alert(), SEEN, times=1, reminder=False),
        recovered("gate_failed", "Gate stopped a batch: orders", SEEN, SEEN, times=1),
    ):
        assert f"<{address}|Runbook>" in slack(message)[1][3]["elements"][0]["text"]
        assert f'<a href="{address}">Runbook</a>' in email(message)[1]


def test_new_trouble_under_an_open_alert_says_so():
    subject, _ = email(raised(alert(), SEEN, times=2, reminder=False, news=True))
    assert subject == "[warehouse] New trouble: Gate stopped a batch: orders"


def test_what_slack_and_html_take_for_their_own_is_escaped():
    _, blocks = slack(raised(alert(what="<!channel> & co"), SEEN, times=1, reminder=False))
    assert blocks[1]["text"]["text"].startswith("&lt;!channel&gt; &amp; co")
    assert "status &lt;&gt; 'paid' &amp; 1 &lt; 2" in blocks[1]["text"]["text"]
    _, html = email(raised(alert(what="<script>"), SEEN, times=1, reminder=False))
    assert "<script>" not in html


def test_the_given_beginning_wins_over_the_first_sight():
    since = datetime(2026, 6, 30, 5, tzinfo=UTC)
    _, blocks = slack(raised(alert(since=since), SEEN, times=1, reminder=False))
    assert "2026-06-30 06:00" in blocks[2]["fields"][1]["text"]


def test_a_reminder_says_how_often_it_was_seen():
    _, blocks = slack(raised(alert(), SEEN, times=1_200, reminder=True))
    assert blocks[0]["text"]["text"] == ":red_circle: Still open: Gate stopped a batch: orders"
    assert "1,200 times" in json.dumps(blocks)


def test_a_recovery_says_since_when_until_when():
    over = datetime(2026, 7, 1, 9, tzinfo=UTC)
    subject, html = email(recovered("late", "Data late: orders", SEEN, over, times=3))
    assert subject == "[warehouse] Recovered: Data late: orders"
    assert "3 times" in html and "06:05" in html and "10:00" in html


def test_a_message_stays_within_what_slack_takes():
    endless = alert(what="x" * 9_000, subject="s" * 900, details=tuple("&" * 200 for _ in range(500)))
    text, blocks = slack(raised(endless, SEEN, times=1, reminder=False))
    assert len(text) < 1_000
    assert len(blocks[0]["text"]["text"]) <= 150
    long = alert(details=tuple(f"  line {number} " + "y" * 100 for number in range(500)))
    _, blocks = slack(raised(long, SEEN, times=1, reminder=False))
    assert len(blocks[1]["text"]["text"]) <= 3_000


def test_many_lines_end_with_how_many_more_there_are():
    _, html = email(raised(alert(details=tuple(f"day {n}" for n in range(35))), SEEN, times=1, reminder=False))
    assert "day 24" in html and "day 25" not in html and "and 10 more" in html


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_runbook_with_its_four_parts(kind):
    text = (REPOSITORY / runbook(kind)).read_text()
    assert text.startswith(f"# {kind}: ")
    for part in ("**What it means.**", "**How to see it.**", "**What to do.**", "**How to know it is over.**"):
        assert part in text, part


def test_no_runbook_is_left_over():
    assert {path.stem for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")} == {*KINDS, "README"}


def test_the_index_lists_every_kind_with_its_severity():
    index = (REPOSITORY / "docs" / "runbooks" / "README.md").read_text()
    rows = re.findall(r"\| \[`(\w+)`\]\((\w+)\.md\) \|[^|]*\| (\w+) \|", index)
    assert sorted(rows) == sorted((kind, kind, KINDS[kind].severity) for kind in KINDS)


SECRETS = [
    ("postgresql://reader:hunter2@db.example/shop", "hunter2"),
    ("password=hunter2 host=db", "hunter2"),
    ('{"client_secret": "s3cr3tvalue"}', "s3cr3tvalue"),
    ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
    ("api key: 0123abcd", "0123abcd"),
    ("https://hooks.slack.com/services/T0/B0/XyZ", "XyZ"),
    ("https://proxy.example/services/T00/B00/XyZ", "XyZ"),
    ("AKIAIOSFODNN7EXAMPLE is not allowed", "AKIAIOSFODNN7EXAMPLE"),
    ("eyJhbGciOi.eyJzdWIi.c2ln", "eyJzdWIi"),
    ("sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "9f86d081884c7d659a2feaa0c55ad015"),
    ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMIK7MDENG"),
    ("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----", "MIIabc"),
    ("-----BEGIN PRIVATE KEY-----\nMIIcutoff", "MIIcutoff"),
    ("contact ada.o'neil+shop@mail.example.co.uk now", "neil+shop@mail"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_and_addresses_are_masked(text, secret):
    assert secret in text
    assert secret not in masked(text)
    for shown in (
        slack(raised(alert(what=text, details=(text,), where=text), SEEN, times=1, reminder=False)),
        email(raised(alert(what=text, details=(text,), where=text), SEEN, times=1, reminder=False)),
    ):
        assert secret not in json.dumps(shown)


@pytest.mark.parametrize(
    "text",
    [
        "batch order_items__20260601_20260602_ab12cd34ef of run manual__2026-06-01T00:00:00+00:00_AbC123",
        "find them: select order_id from raw.orders__20260601_20260602_ab12cd34ef as landed where status <> 'paid'",
        "orders: the gate would set aside 17.36% of the rows (1.00% allowed): negative_total 21 rows (-21.00)",
        "2026-06-01: source 1,200 rows (12,345.67), warehouse 1,199 (12,300.00)",
        "DAG ingest_orders, task orders.gate, run scheduled__2026-06-30T23:00:00+00:00",
    ],
)
def test_what_on_call_needs_is_not_masked(text):
    assert masked(text) == text


def test_an_exceptions_values_are_masked_but_names_of_the_contracts_are_not():
    error = ValueError("column 'total_amount' of \"orders\": value 'Ada Lovelace' (phone +44 20 7946 0958)")
    assert described(error, personal=False) == (
        "ValueError: column 'total_amount' of \"orders\": value [value] (phone [number])"
    )
    assert "ada" not in described(ValueError("Key (email)=(ada@example.com) exists"), personal=False)
    assert described(ValueError("Key (name)=(Ada)"), personal=False) == "ValueError: Key (name)=[value]"


def test_where_personal_data_is_handled_only_the_class_is_told():
    assert described(ValueError("CSV row: 7,Ada,Lovelace"), personal=True) == "ValueError"


def test_an_endless_message_is_cut_after_it_was_masked():
    text = described(ValueError("x " * 500 + "password=hunter2"), personal=False)
    assert len(text) <= EXCEPTION_LENGTH + len("ValueError: ")
    # A secret that the cut would split is masked as a whole.
    assert "hunter" not in described(ValueError("y" * (EXCEPTION_LENGTH - 12) + " password=hunter2"), personal=False)


def test_a_killed_process_has_no_exception():
    assert "process ended" in described(None, personal=False)
