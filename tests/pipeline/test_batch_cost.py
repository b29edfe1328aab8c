"""What a batch without flaws costs the warehouse: its tasks as Airflow runs them, each with a session of its own."""

from datetime import date

import pytest

from include.contracts import contract
from include.landing import LandingError
from include.publish import ConservationError, publish
from tests.pipeline.conftest import RUN
from tests.pipeline.gate_examples import PARENTS, days_of, key, usual_weeks
from tests.pipeline.rows import MAKERS, order
from tests.pipeline.tasks import TableRun
from tests.pipeline.traffic import traffic

DAY = date(2026, 6, 28)  # of the stack's shop
TABLES = sorted(MAKERS)

# Statements that reach the server, sessions and transactions included. One more rule of a kind that is there adds none.
EXTRACT = {"customers": 1, "order_items": 1, "orders": 1, "products": 0, "refunds": 1, "web_events": 1}
LAND, GATE = 3, 10
PUBLISH = {"web_events": 11}  # by the day; by key it is less
BY_KEY = 9
MOST = 25


@pytest.fixture
def parents(pipeline):
    """What the tables that a rule looks into hold, published through 1 June."""
    for table, rows in PARENTS.items():
        pipeline.load(table, rows)


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_without_flaws_takes_a_session_a_task_and_few_statements(pipeline, parents, table, day_of):
    usual_weeks(pipeline, table, rows=10)
    run = TableRun(table, DAY)
    with traffic() as extracted:
        run.extract()
    rows = [MAKERS[table](key(table, f"good{number}")) for number in range(10)]
    batch = pipeline.write(table, rows, days_of(table, day_of))
    sent = [extracted]
    for task in ("land", "gate", "publish"):
        with traffic() as seen:
            batch = getattr(run, task)(batch)
        sent.append(seen)

    extracting, landing, gating, publishing = sent
    assert (extracting.sessions, len(extracting.statements)) == (min(EXTRACT[table], 1), EXTRACT[table]), extracting
    assert [seen.sessions for seen in sent[1:]] == [1, 1, 1]
    assert len(landing.statements) == LAND, landing
    assert len(gating.statements) == GATE, gating
    assert len(publishing.statements) == PUBLISH.get(table, BY_KEY), publishing
    assert sum(len(seen.statements) for seen in sent) <= MOST

    held = pipeline.warehouse.execute(
        "select inserted_rows, quarantined_rows from audit.loads where batch_id = %(batch)s",
        {"batch": run.manifest(batch).batch_id},
    ).fetchall()
    assert held == [(10, 0)]
    [(checked, failed)] = pipeline.warehouse.execute(
        "select count(*), count_if(not success) from audit.gate_results where batch_id = %(batch)s",
        {"batch": run.manifest(batch).batch_id},
    ).fetchall()
    assert (checked > 0, failed) == (True, 0)


def test_what_the_gate_sets_aside_is_found_by_publish_in_a_session_of_its_own(pipeline):
    run = TableRun("orders", DAY)
    batch = run.gate(run.land(pipeline.write("orders", [order("O1"), order("BAD", currency="pounds")])))
    assert batch["rejected"] == 1
    run.publish(batch)
    assert [row[0] for row in pipeline.held("orders")] == ["O1"]
    assert pipeline.count("quarantine.orders") == 1


@pytest.mark.parametrize("told", [0, 2])
def test_publish_believes_no_count_of_the_gate_that_does_not_agree_with_what_it_finds(pipeline, told):
    batch = pipeline.land("orders", [order("O1"), order("BAD", currency="pounds")])
    assert pipeline.gate(batch).rejected_rows == 1
    if told:
        with pytest.raises(ConservationError, match="the gate set 2 rows aside, 1 of them are found; rolled back"):
            publish(pipeline.warehouse, batch, RUN, rejected=told)
    else:  # a later try of the gate, with a suite that was corrected, found nothing to set aside
        assert publish(pipeline.warehouse, batch, RUN, rejected=told).inserted.rows == 2
    assert pipeline.count("quarantine.orders") == 0


def test_a_landing_table_that_changed_after_it_was_counted_stops_at_the_gate(pipeline):
    run = TableRun("orders", DAY)
    batch = run.land(pipeline.write("orders", [order("O1"), order("O2")]))
    table = contract("orders").landing(run.manifest(batch).batch_id)
    pipeline.warehouse.execute(f"delete from {table} where order_id = 'O2'")
    with pytest.raises(LandingError, match=r"holds 1 rows and .* but the manifest promises 2"):
        run.gate(batch)
    with pytest.raises(ConservationError, match=r"2 rows .* landed but 1 rows .* accounted for"):
        run.publish({**batch, "rejected": 0})
    assert pipeline.held("orders") == []
