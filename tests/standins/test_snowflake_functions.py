"""Values and types of Snowflake functions that DuckDB has not, or has otherwise."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

Query = Callable[..., list[tuple]]
moment = datetime.fromisoformat

D = "'2026-03-29'::date"
T = "'2026-03-29 00:30:00'::timestamp_ntz"
MONEY = "1.5::number(18, 4)"

CASES: list[tuple[str, Any]] = [
    # days and moments: a DATE stays a DATE
    (f"dateadd(day, 1, {D})", date(2026, 3, 30)),
    (f"dateadd('month', -1, {D})", date(2026, 2, 28)),
    (f"dateadd(hour, 1, {T})", moment("2026-03-29 01:30:00")),
    (f"dateadd(hour, 1, {D})", moment("2026-03-29 01:00:00")),
    (f"dateadd(day, 1, date_trunc('month', {D}))", date(2026, 3, 2)),
    ("dateadd(day, 1, '2026-01-01')", moment("2026-01-02 00:00:00")),
    (f"date_trunc('week', {D})", date(2026, 3, 23)),
    (f"date_trunc('month', {T})", moment("2026-03-01 00:00:00")),
    ("add_months('2026-02-28'::date, 1)", date(2026, 3, 31)),
    (f"datediff(day, {D}, '2026-04-01'::date)", 3),
    ("datediff('month', '2026-01-31'::date, '2026-02-01'::date)", 1),
    ("datediff(minute, '2026-01-01 00:00:59'::timestamp_ntz, '2026-01-01 00:01:00'::timestamp_ntz)", 1),
    (f"{D} - '2026-03-01'::date", 28),
    (f"last_day({D})", date(2026, 3, 31)),
    (f"dayofweekiso({D})", 7),
    ("convert_timezone('UTC', 'Europe/London', '2026-03-29 23:30:00'::timestamp_ntz)", moment("2026-03-30 00:30:00")),
    ("convert_timezone('UTC', 'Europe/London', '2026-03-29 23:30:00'::timestamp_ntz)::date", date(2026, 3, 30)),
    ("convert_timezone('Europe/London', 'UTC', '2026-07-01 00:00:00'::timestamp_ntz)", moment("2026-06-30 23:00:00")),
    (f"to_char({D}, 'YYYYMMDD')", "20260329"),
    (f"to_char({T}, 'YYYY-MM-DD HH24:MI')", "2026-03-29 00:30"),
    (f"to_char({D}, 'MON YYYY')", "Mar 2026"),
    (f"{T}::varchar", "2026-03-29 00:30:00.000"),
    ("try_to_date('x')", None),
    ("try_to_timestamp_ntz('x')", None),
    ("try_cast('x' as timestamp_ntz)", None),
    # exact money
    (f"sum({MONEY}) over ()", Decimal("1.5")),
    (f"{MONEY} * 3", Decimal("4.5")),
    (f"round({MONEY}, 0)", Decimal(2)),
    ("to_number('12.34', 18, 4)", Decimal("12.34")),
    ("try_to_number('12.5', 18, 4)", Decimal("12.5")),
    ("try_to_number('x', 18, 4)", None),
    ("(10::number(18, 4) / 3)::number(18, 4)", Decimal("3.3333")),
    ("div0(1, 0)", 0),
    ("div0null(1, null)", 0),
    ("zeroifnull(null)", 0),
    ("iff(1 = 1, 'a', 'b')", "a"),
    ("width_bucket(5, 0, 10, 5)", 3),
    # text and hashes
    ("sha2('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("sha2(concat('a', null))", None),
    ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("md5_number_lower64('a')", 0x31C399E269772661),
    ("parse_url('https://shop.example/p/a?q=1#f'):path::varchar", "p/a"),
    ("parse_url('https://u@shop.example:8/p'):host::varchar", "shop.example"),
    ("split_part('a-b', '-', 2)", "b"),
    ("regexp_substr('a=1&b=2', 'b=([^&]+)', 1, 1, 'e')", "2"),
    # semi-structured
    ('parse_json(\'{"a": {"b": "x"}}\'):a.b::varchar', "x"),
    ("parse_json('')", None),
    ("parse_json(to_variant('{\"a\": 1}')):a::int", 1),
    ("try_parse_json('{')", None),
    ("typeof(parse_json('1'))", "INTEGER"),
    ("typeof(to_variant('{}'))", "VARCHAR"),
    ("'x'::variant::varchar", "x"),
    ("parse_json('{\"a\": \"P1\"}'):a = 'P1'", True),
    ("to_json(object_construct('a', 1, 'b', null))", '{"a":1}'),
    ("to_json(object_construct_keep_null('a', 1, 'b', null))", '{"a":1,"b":null}'),
    ("to_json(array_construct(1, 'a', null))", '[1,"a",null]'),
    ("array_size(parse_json('[1, 2]'))", 2),
    ("array_contains('a'::variant, parse_json('[\"a\"]'))", True),
    ("object_insert(object_construct('a', 1), 'b', 2):b::int", 2),
    ("is_null_value(object_delete(object_construct('a', 1), 'a'):a)", None),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[expression for expression, _ in CASES])
def test_scalar(query: Query, expression: str, expected: Any):
    [(value,)] = query(f"select {expression}")
    assert value == expected
    assert type(value) is type(expected) or isinstance(expected, (int, Decimal))


ROWS = (
    "(select 1 as id, 1.5::number(18, 4) as v, 'a' as s, true as b, '2026-03-29'::date as d"
    " union all select 2, 2.25, null, false, '2026-03-30'::date"
    " union all select 3, 4.25, 'c', true, null)"
)
AGGREGATES: list[tuple[str, Any]] = [
    ("sum(v)", Decimal("8.0000")),
    ("median(v)", Decimal("2.25")),
    ("percentile_cont(0.2) within group (order by v)", Decimal("1.8")),
    ("percentile_cont(0.21) within group (order by v)", Decimal("1.815")),
    ("count_if(v > 2)", 2),
    ("max_by(id, v)", 3),
    ("listagg(s, '|') within group (order by id)", "a|c"),
    ("array_to_string(array_agg(id) within group (order by id desc), ',')", "3,2,1"),
    ("count(distinct iff(b, id, null))", 2),
    ("sum(v) / nullif(sum(0), 0)", None),
    ("dateadd(day, 1, max(d))", date(2026, 3, 31)),
    ("hash_agg(id, v) = hash_agg(id, v)", True),
]


@pytest.mark.parametrize(("expression", "expected"), AGGREGATES, ids=[expression for expression, _ in AGGREGATES])
def test_aggregate(query: Query, expression: str, expected: Any):
    assert query(f"select {expression} from {ROWS}") == [(expected,)]


def test_a_sum_of_money_stays_exact_in_a_table(query: Query):
    query(f"create or replace table summed as select sum(v) as total, avg(v)::number(18, 4) as mean from {ROWS}")
    types = {row[0]: row[1] for row in query("describe table summed")}
    assert types == {"TOTAL": "NUMBER(38,4)", "MEAN": "NUMBER(18,4)"}


WINDOWS: list[tuple[str, list]] = [
    ("last_value(s ignore nulls) over (order by id rows between unbounded preceding and current row)", ["a", "a", "c"]),
    ("ratio_to_report(v) over ()", [0.1875, 0.28125, 0.53125]),
    ("conditional_true_event(b) over (order by id)", [1, 1, 2]),
    ("lag(s) ignore nulls over (order by id)", [None, "a", "a"]),
    ("dateadd(day, 1, max(d) over ())", [date(2026, 3, 31)] * 3),
    ("sum(v) over (order by id)", [Decimal("1.5"), Decimal("3.75"), Decimal("8")]),
    ("ntile(2) over (order by id)", [1, 1, 2]),
]


@pytest.mark.parametrize(("expression", "expected"), WINDOWS, ids=[expression for expression, _ in WINDOWS])
def test_window(query: Query, expression: str, expected: list):
    values = [row[0] for row in query(f"select {expression} as r from {ROWS} order by id")]
    assert values == (pytest.approx(expected) if isinstance(expected[0], float) else expected)


def test_qualify(query: Query):
    assert query(
        f"select id from {ROWS} qualify row_number() over (partition by b order by v desc, id) = 1 order by id"
    ) == [
        (2,),
        (3,),
    ]


def test_flatten(query: Query):
    query("create or replace table carts (id int, x variant)")
    items = '[{"item": "P1", "price": "1.20"}, {"item": "P2"}]'
    query(f"insert into carts select 1, parse_json('{items}')")
    query("insert into carts select 2, parse_json('[]') union all select 3, null")
    rows = query(
        "select carts.id, f.index, f.value:item::varchar, f.value:price::number(18, 4)"
        " from carts, lateral flatten(input => carts.x) f order by 1, 2"
    )
    assert rows == [(1, 0, "P1", Decimal("1.2")), (1, 1, "P2", None)]
    outer = query(
        "select carts.id, f.value:item::varchar"
        " from carts, lateral flatten(input => carts.x, outer => true) f order by 1, f.index"
    )
    assert outer == [(1, "P1"), (1, "P2"), (2, None), (3, None)]
    key = query("select f.key, f.value::int from table(flatten(input => parse_json('{\"a.b\": 1}'))) f")
    assert key == [("a.b", 1)]
    assert query("select value, index from table(split_to_table('a,b', ','))") == [("a", 1), ("b", 2)]


def test_generated_days(query: Query):
    rows = query("select dateadd(day, seq4(), '2026-01-30'::date) as d from table(generator(rowcount => 3)) order by d")
    assert rows == [(date(2026, 1, 30),), (date(2026, 1, 31),), (date(2026, 2, 1),)]


def test_functions_work_within_a_view(query: Query):
    query(f"create or replace view viewed as select dateadd(day, 1, d) as next, d::varchar as text from {ROWS}")
    rows = query("select next, text from viewed order by next nulls last limit 1")
    assert rows == [(date(2026, 3, 30), "2026-03-29")]
