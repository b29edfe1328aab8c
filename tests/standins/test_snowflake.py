"""What is added to fakesnow, statement by statement, through the real connector."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

Query = Callable[..., list[tuple]]
moment = datetime.fromisoformat
Open = Callable[..., SnowflakeConnection]


def test_a_table_with_a_column_list_is_filled_by_position(query: Query) -> None:
    query("""
        create or replace transient table filled (local_day date, happened_at timestamp_ntz, amount number(18, 4)) as (
            select * from (
                select
                    convert_timezone('UTC', 'Europe/London', '2026-03-29 23:30:00'::timestamp_ntz)::date as other_name,
                    '2026-03-29 23:30:00'::timestamp_ntz,
                    1.23456
            ) order by other_name
        )
    """)
    assert query("select local_day, happened_at, amount from filled") == [
        (date(2026, 3, 30), datetime.fromisoformat("2026-03-29 23:30:00"), Decimal("1.2346"))
    ]


def test_a_schema_qualified_temporary_table_is_usable_and_goes_with_its_session(open_session: Open, query: Query):
    session = open_session()
    session.cursor().execute("create or replace temporary table analytics.staging.passing as select 1 as id")
    session.cursor().execute("create or replace temporary view analytics.staging.passing_view as select 2 as id")
    assert query("select passing.id, passing_view.id from staging.passing, staging.passing_view") == [(1, 2)]
    session.close()
    deadline = time.monotonic() + 5
    while query("show objects like 'PASSING%' in analytics.staging") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert query("show objects like 'PASSING%' in analytics.staging") == []


def test_transient_clustered_keyed_tables_are_created_and_keys_are_not_enforced(query: Query):
    query("create or replace transient table keyed (id int primary key, v varchar(5) not null) cluster by (id)")
    query("insert into keyed values (1, 'a'), (1, 'b')")
    assert query("select count(*) from keyed") == [(2,)]
    with pytest.raises(DatabaseError, match="NOT NULL"):
        query("insert into keyed values (2, null)")


def test_merge_counts_what_it_did_and_rolls_back(open_session: Open):
    cursor = open_session().cursor()
    cursor.execute("create or replace table merged (id int, v number(18, 4), note varchar)")
    cursor.execute("insert into merged (id, v) values (1, 1), (2, 2), (3, 3)")
    statement = """
        merge into analytics.staging.merged as target
        using (select 1 as id, 9.5 as v union all select 2, -1 union all select 4, 4) as source
            on target.id = source.id
        when matched and source.v < 0 then delete
        when matched then update set target.v = source.v, note = 'changed'
        when not matched then insert (id, v) values (id, source.v)
    """
    cursor.execute("begin")
    cursor.execute(statement)
    assert [column.name for column in cursor.description] == [
        "number of rows inserted",
        "number of rows updated",
        "number of rows deleted",
    ]
    assert cursor.fetchall() == [(1, 1, 1)]
    assert cursor.rowcount == 3
    cursor.execute("rollback")
    assert cursor.execute("select id, v from merged order by id").fetchall() == [(1, 1), (2, 2), (3, 3)]
    cursor.execute(statement)
    assert cursor.execute("select id, v, note from merged order by id").fetchall() == [
        (1, Decimal("9.5"), "changed"),
        (3, 3, None),
        (4, 4, None),
    ]


def test_merge_refuses_two_source_rows_for_one_target_row(query: Query):
    query("create or replace table once (id int, v int)")
    query("insert into once values (1, 1)")
    with pytest.raises(ProgrammingError, match="Duplicate row detected") as error:
        query(
            "merge into once using (select 1 as id, 2 as v union all select 1, 3) as s on once.id = s.id "
            "when matched then update set v = s.v"
        )
    assert error.value.errno == 100090


def test_row_counts_of_dml(open_session: Open):
    cursor = open_session().cursor()
    cursor.execute("create or replace table counted (id int, v int)")
    for statement, expected in [
        ("insert into counted select seq4(), 0 from table(generator(rowcount => 5))", 5),
        ("update counted set v = 1 where id < 2", 2),
        ("delete from counted where id = 4", 1),
        ("insert overwrite into counted select * from counted where v = 1", 2),
        ("delete from counted where id = 99", 0),
    ]:
        assert cursor.execute(statement).rowcount == expected, statement
    cursor.executemany("insert into counted values (%s, %s)", [(10, 1), (11, 1), (12, 1)])
    assert cursor.rowcount == 3
    assert cursor.execute("select count(*) from counted").fetchone() == (5,)


def test_null_timestamps_stay_null(query: Query):
    rows = query(
        "select * from (select null::timestamp_ntz as a, '1969-12-31 23:59:59.5'::timestamp_ntz as b"
        " union all select '2026-03-29 00:30:00.123456'::timestamp_ntz, null) order by a nulls first"
    )
    assert rows == [
        (None, moment("1969-12-31 23:59:59.500000")),
        (moment("2026-03-29 00:30:00.123456"), None),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "alter session set query_tag = 'dag=ingest;task=publish'",
        "alter session set timezone = 'UTC', week_start = 1",
        "alter session unset query_tag",
        "grant select on all tables in schema analytics.marts to role reporter",
        "revoke all on schema analytics.raw from role reporter",
        "use secondary roles all",
        "create warehouse if not exists other_wh with warehouse_size = 'xsmall' auto_suspend = 60",
        "create role if not exists someone",
        "create or replace masking policy hide as (value string) returns string -> '***'",
        "alter table if exists analytics.pii.customers modify column email set masking policy hide",
        "create or replace row access policy rows as (v string) returns boolean -> true",
        "alter warehouse loading_wh resume if suspended",
        "-- a comment before\n/* and another */ grant role loader to user airflow",
    ],
)
def test_account_statements_are_accepted(query: Query, statement: str):
    assert query(statement) == [("Statement executed successfully.",)]


def test_role_and_warehouse_are_remembered(open_session: Open):
    cursor = open_session(role="LOADER", warehouse="LOADING_WH").cursor()
    assert cursor.execute("select current_role(), current_warehouse(), current_user()").fetchone() == (
        "LOADER",
        "LOADING_WH",
        "AIRFLOW",
    )
    cursor.execute("use role transformer")
    cursor.execute("use warehouse transforming_wh")
    assert cursor.execute("select current_role(), current_warehouse()").fetchone() == ("TRANSFORMER", "TRANSFORMING_WH")


def test_swap_exchanges_two_tables(query: Query):
    query("create or replace table left_one as select 'left' as side")
    query("create or replace table right_one as select 'right' as side, 1 as more")
    query("alter table analytics.staging.left_one swap with analytics.staging.right_one")
    assert query("select * from left_one") == [("right", 1)]
    assert query("select * from right_one") == [("left",)]


def test_clustering_is_accepted(query: Query):
    query("create or replace table clustered (day date)")
    query("alter table clustered cluster by (day)")
    query("alter table clustered drop clustering key")


def test_ddl_commits_the_open_transaction(open_session: Open, query: Query):
    query("create or replace table committed (id int)")
    cursor = open_session().cursor()
    cursor.execute("begin")
    cursor.execute("insert into committed values (1)")
    cursor.execute("create or replace table other (id int)")
    cursor.execute("rollback")
    assert query("select count(*) from committed") == [(1,)]


def test_others_see_nothing_before_the_commit(open_session: Open, query: Query):
    query("create or replace table isolated (id int)")
    cursor = open_session().cursor()
    cursor.execute("begin transaction")
    cursor.execute("insert into isolated values (1)")
    assert query("select count(*) from isolated") == [(0,)]
    cursor.execute("commit")
    assert query("select count(*) from isolated") == [(1,)]


def test_merges_of_many_sessions_wait_for_each_other(open_session: Open, query: Query):
    query("create or replace table busy as select seq4() as id, 0 as v from table(generator(rowcount => 50))")
    errors: list[Exception] = []

    def work(cursor: object) -> None:
        try:
            for _ in range(3):
                cursor.execute("begin")
                cursor.execute(
                    "merge into busy using (select id from busy) as s on busy.id = s.id "
                    "when matched then update set v = busy.v + 1"
                )
                cursor.execute("commit")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(open_session().cursor(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert query("select min(v), max(v) from busy") == [(18, 18)]


def test_a_slow_statement_holds_up_nobody(open_session: Open, query: Query):
    slow = open_session().cursor()
    rows = "(select seq4() as i from table(generator(rowcount => 20000)))"
    thread = threading.Thread(target=slow.execute, args=(f"select sum(a.i * b.i % 7) from {rows} a, {rows} b",))
    thread.start()
    answered = 0
    while thread.is_alive():
        query("select 1")
        answered += thread.is_alive()
    thread.join()
    assert answered >= 3


def test_views_stand_among_the_tables_of_the_information_schema(query: Query):
    query("create or replace table listed_table as select 1 as id")
    query("create or replace view listed_view as select * from listed_table")
    kinds = query("select table_name, table_type from information_schema.tables where table_name like 'LISTED%'")
    assert sorted(kinds) == [("LISTED_TABLE", "BASE TABLE"), ("LISTED_VIEW", "VIEW")]


def test_errors_are_snowflakes(query: Query):
    for statement, number, text in [
        ("select nope from (select 1 as id)", 904, "invalid identifier 'NOPE'"),
        ("select * from analytics.staging.nowhere", 2003, "does not exist or not authorized"),
        ("selec 1", 1003, "syntax error"),
        ("select 'x'::number(18, 4)", 100035, "x"),
    ]:
        with pytest.raises(ProgrammingError, match=text) as error:
            query(statement)
        assert error.value.errno == number, statement


def test_describe_names_snowflakes_types(query: Query):
    query(
        "create or replace table described as select 1 as i, sum(2) as s, 1.5::number(18, 4) as n,"
        " '2026-01-01'::date as d, current_timestamp()::timestamp_ntz as t, 'x'::varchar as v,"
        " parse_json('{}') as j, true as b, 1.5::float as f"
    )
    expected = {
        "I": "NUMBER(38,0)",
        "S": "NUMBER(38,0)",
        "N": "NUMBER(18,4)",
        "D": "DATE",
        "T": "TIMESTAMP_NTZ(9)",
        "V": "VARCHAR(16777216)",
        "J": "VARIANT",
        "B": "BOOLEAN",
        "F": "FLOAT",
    }
    assert {row[0]: row[1] for row in query("describe table analytics.staging.described")} == expected
    columns = query(
        "select column_name, data_type, numeric_precision, numeric_scale from analytics.information_schema.columns "
        "where table_name = 'DESCRIBED' and table_schema = 'STAGING' and data_type = 'NUMBER' order by ordinal_position"
    )
    assert columns == [("I", "NUMBER", 38, 0), ("S", "NUMBER", 38, 0), ("N", "NUMBER", 18, 4)]


def test_unnamed_columns_have_snowflakes_names(open_session: Open):
    cursor = open_session().cursor()
    cursor.execute("select count(*), max(id) from (select 1 as id)")
    assert [column.name for column in cursor.description] == ["COUNT(*)", "MAX(ID)"]


def test_result_of_a_query_can_be_read_in_another_session(open_session: Open):
    cursor = open_session().cursor()
    cursor.execute_async("select 41 + 1")
    other = open_session().cursor()
    other.get_results_from_sfqid(cursor.sfqid)
    assert other.fetchall() == [(42,)]


def test_dates_bind_and_come_back(query: Query):
    at = moment("2026-03-29 01:30:00.123456")
    values = (date(2026, 3, 29), at, Decimal("1.2345"))
    assert query("select %s::date, %s::timestamp_ntz, %s::number(18, 4)", values) == [values]


def test_the_information_schema_says_when_a_table_was_created(query: Query) -> None:
    def created(name: str) -> datetime | None:
        found = query(f"select created::timestamp_ntz from information_schema.tables where table_name = '{name}'")
        return found[0][0] if found else None

    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=1)
    query("create or replace transient table raw.dated (id int)")
    first = created("DATED")
    assert first is not None and before < first < before + timedelta(minutes=1)
    query("create table if not exists analytics.raw.dated (id int)")
    query("insert into raw.dated values (1)")
    assert created("DATED") == first
    query("create or replace transient table raw.dated as select 2 as id")
    again = created("DATED")
    assert again is not None and again > first
    query("drop table raw.dated")
    query("create table if not exists raw.dated (id int)")
    assert (created("DATED") or first) > again
    query("drop table raw.dated")
    assert created("DATED") is None
