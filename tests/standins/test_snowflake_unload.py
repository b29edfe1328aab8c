"""COPY INTO a location: files, types, names and answers of an unload."""

import gzip
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import ProgrammingError

from local.stack import Stack

Query = Callable[..., list[tuple]]
AT = datetime(2026, 3, 29, 0, 30, 1, 123456)
AWKWARD = ['say "hi"', "two\nlines", "a,b", "", None, "back\\slash", "=1+1", "\\N", "NULL", "é ü 日"]
PARQUET = "file_format = (type = parquet) header = true"
CSV = "file_format = (type = csv compression = none field_optionally_enclosed_by = '\"' null_if = ()) header = true"


@pytest.fixture(scope="module")
def bucket(stack: Stack) -> Any:
    endpoint = stack.endpoints["s3"]
    return boto3.resource(
        "s3",
        endpoint_url=endpoint["endpoint_url"],
        aws_access_key_id=endpoint["access_key"],
        aws_secret_access_key=endpoint["secret_key"],
        region_name=endpoint["region"],
    ).Bucket(endpoint["bucket"])


@pytest.fixture(scope="module")
def cursor(open_module_session: SnowflakeConnection) -> SnowflakeCursor:
    return open_module_session.cursor()


@pytest.fixture(scope="module")
def open_module_session(stack: Stack) -> Iterator[SnowflakeConnection]:
    from local.snowflake.account import connect

    place = {"database": "ANALYTICS", "schema": "STAGING"}
    with connect(stack.endpoints["snowflake"], stack.ca_file, **place) as connection:
        yield connection


@pytest.fixture(autouse=True)
def sold(query: Query, bucket: Any) -> None:
    bucket.objects.filter(Prefix="unload/").delete()
    query(
        "create or replace table analytics.staging.sold (id varchar, amount number(18, 4), pieces int, share float, "
        "valid boolean, day date, at timestamp_ntz, extra variant)"
    )
    query(
        "insert into analytics.staging.sold select 'A1', 1.5, 2, 0.25, true, '2026-03-29', "
        "'2026-03-29 00:30:01.123456', parse_json('{\"k\":1}') union all "
        "select null, null, null, null, null, null, null, null"
    )


def files(bucket: Any) -> dict[str, bytes]:
    """Content of every unloaded file, by its name."""
    return {found.key: found.get()["Body"].read() for found in bucket.objects.filter(Prefix="unload/")}


def test_parquet_has_snowflakes_types_and_names(query: Query, bucket: Any):
    assert query(f"copy into @analytics.raw.lake/unload/sold/ from analytics.staging.sold {PARQUET}")[0][0] == 2
    [(name, content)] = files(bucket).items()
    assert name == "unload/sold/data_0_0_0.snappy.parquet"
    held = pq.read_table(io.BytesIO(content))
    assert held.schema.names == ["ID", "AMOUNT", "PIECES", "SHARE", "VALID", "DAY", "AT", "EXTRA"]
    kinds = dict(zip(held.schema.names, held.schema.types, strict=True))
    assert (kinds["AMOUNT"], kinds["SHARE"], kinds["VALID"]) == (pa.decimal128(18, 4), pa.float64(), pa.bool_())
    assert (kinds["ID"], kinds["DAY"], kinds["AT"]) == (pa.string(), pa.date32(), pa.timestamp("ms"))
    assert pa.types.is_decimal(kinds["PIECES"]) and pa.types.is_string(kinds["EXTRA"])
    assert list(held.to_pylist()[0].values()) == [
        *("A1", Decimal("1.5"), Decimal(2), 0.25, True, date(2026, 3, 29)),
        AT.replace(microsecond=123000),
        '{"k":1}',
    ]
    assert set(held.to_pylist()[1].values()) == {None}
    assert pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(0).compression == "SNAPPY"


def test_a_query_with_bound_values_is_unloaded(cursor: SnowflakeCursor, bucket: Any):
    statement = "copy into '@analytics.raw.lake/unload/day=2026-03-29/' from (select id, amount * 2 as twice from sold "
    cursor.execute(f"{statement} where day = %(day)s) {PARQUET}", {"day": date(2026, 3, 29)})
    [content] = files(bucket).values()
    assert pq.read_table(io.BytesIO(content)).to_pylist() == [{"ID": "A1", "TWICE": Decimal(3)}]


def test_without_a_header_columns_have_numbers_for_names(query: Query, bucket: Any):
    query("copy into @analytics.raw.lake/unload/x from (select id, day from sold) file_format = (type = parquet)")
    [(name, content)] = files(bucket).items()
    assert name == "unload/x_0_0_0.snappy.parquet"
    assert pq.read_schema(io.BytesIO(content)).names == ["_COL_0", "_COL_1"]


def test_the_answer_counts_rows_and_bytes_or_names_each_file(cursor: SnowflakeCursor, bucket: Any):
    cursor.execute(f"copy into @analytics.raw.lake/unload/plain/ from sold {PARQUET}")
    assert [column.name for column in cursor.description] == ["rows_unloaded", "input_bytes", "output_bytes"]
    [(rows, _, written)] = cursor.fetchall()
    assert (rows, written) == (2, len(files(bucket)["unload/plain/data_0_0_0.snappy.parquet"]))

    cursor.execute(
        "copy into @analytics.raw.lake/unload/many/ from (select seq4() as n from table(generator(rowcount => 50000))) "
        f"{PARQUET} max_file_size = 1000 include_query_id = true detailed_output = true"
    )
    assert [column.name for column in cursor.description] == ["FILE_NAME", "FILE_SIZE", "ROW_COUNT"]
    named = cursor.fetchall()
    held = {name: content for name, content in files(bucket).items() if "/many/" in name}
    assert len(named) > 1 and sum(row[2] for row in named) == 50_000
    assert {row[0]: row[1] for row in named} == {name: len(content) for name, content in held.items()}
    assert all(f"data_{cursor.sfqid}_0_" in name for name in held)
    numbers = [n for content in held.values() for n in pq.read_table(io.BytesIO(content)).column("N").to_pylist()]
    assert sorted(numbers) == list(range(50_000))


def test_no_rows_make_no_file(cursor: SnowflakeCursor, bucket: Any):
    cursor.execute(f"copy into @analytics.raw.lake/unload/none/ from (select * from sold where 1 = 0) {PARQUET}")
    assert cursor.fetchall() == [(0, 0, 0)]
    cursor.execute(
        f"copy into @analytics.raw.lake/unload/none/ from (select * from sold where 1 = 0) {PARQUET} "
        "detailed_output = true"
    )
    assert cursor.fetchall() == [] and files(bucket) == {}


def test_files_in_the_way_are_kept_unless_they_may_be_overwritten(query: Query, bucket: Any):
    statement = f"copy into @analytics.raw.lake/unload/again/ from (select id from sold) {PARQUET}"
    query(statement)
    before = files(bucket)
    with pytest.raises(ProgrammingError, match="already existing at the unloading destination"):
        query(statement.replace("select id", "select amount"))
    assert files(bucket) == before
    query(statement.replace("select id", "select amount") + " overwrite = true")
    assert files(bucket).keys() == before.keys() and files(bucket) != before
    with pytest.raises(ProgrammingError, match="INCLUDE_QUERY_ID"):
        query(statement + " overwrite = true include_query_id = true")


def test_a_single_file_has_the_name_it_was_given(query: Query, bucket: Any):
    query(f"copy into @analytics.raw.lake/unload/all.csv from (select id from sold) {CSV} single = true")
    assert files(bucket) == {"unload/all.csv": b'"ID"\n"A1"\n\n'}


def test_csv_writes_each_type_as_text(query: Query, bucket: Any):
    query(
        f"copy into @analytics.raw.lake/unload/typed/ from sold {CSV.replace('none', 'gzip', 1)}".replace(
            "null_if", "timestamp_format = 'YYYY-MM-DD HH24:MI:SS.FF6' null_if"
        )
    )
    [(name, content)] = files(bucket).items()
    assert name == "unload/typed/data_0_0_0.csv.gz"
    assert gzip.decompress(content).decode().splitlines() == [
        '"ID","AMOUNT","PIECES","SHARE","VALID","DAY","AT","EXTRA"',
        '"A1",1.5000,2,0.25,true,2026-03-29,2026-03-29 00:30:01.123456,"{""k"":1}"',
        ",,,,,,,",
    ]


def test_csv_fields_survive_a_round_trip(query: Query, cursor: SnowflakeCursor, bucket: Any, tmp_path: Any):
    query("create or replace table analytics.staging.awkward (n int, v varchar)")
    for number, value in enumerate(AWKWARD):
        cursor.execute("insert into awkward values (%(n)s, %(v)s)", {"n": number, "v": value})
    query(f"copy into @analytics.raw.lake/unload/awkward/ from (select n, v from awkward) {CSV}")
    file = tmp_path / "awkward.csv"
    file.write_bytes(files(bucket)["unload/awkward/data_0_0_0.csv"])
    held = duckdb.sql(
        f"select v from read_csv('{file}', header = true, quote = '\"', escape = '\"', nullstr = '', "
        "allow_quoted_nulls = false, columns = {'n': 'int', 'v': 'varchar'}) order by n"
    ).fetchall()
    assert [row[0] for row in held] == AWKWARD


def test_without_quotes_null_and_special_characters_are_escaped(query: Query, bucket: Any):
    query("create or replace table analytics.staging.awkward (v varchar)")
    query("insert into analytics.staging.awkward values ('a,b'), (null)")
    query(
        "copy into @analytics.raw.lake/unload/bare/ from (select v, 1 as n from awkward order by v nulls last) "
        "file_format = (type = csv compression = none)"
    )
    assert files(bucket) == {"unload/bare/data_0_0_0.csv": b"a\\,b,1\n\\N,1\n"}


def test_what_cannot_be_unloaded_is_refused(query: Query, bucket: Any):
    with pytest.raises(ProgrammingError, match="not supported for unloading to Parquet"):
        query(f"copy into @analytics.raw.lake/unload/tz/ from (select '2026-01-01'::timestamp_tz as t) {PARQUET}")
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        query(f"copy into @analytics.raw.nowhere/x/ from analytics.staging.sold {PARQUET}")
    with pytest.raises(ProgrammingError, match="VALIDATION_MODE is not supported"):
        query(f"copy into @analytics.raw.lake/unload/p/ from sold {PARQUET} validation_mode = return_rows")
    with pytest.raises(ProgrammingError, match="does not exist"):
        query(f"copy into @analytics.raw.lake/unload/gone/ from analytics.staging.nothing {PARQUET}")
    assert files(bucket) == {}


def test_an_unload_leaves_a_transaction_open_and_sees_its_rows(open_session: Any, query: Query, bucket: Any):
    cursor = open_session(schema=None).cursor()  # names with a schema need no current one
    cursor.execute("begin")
    cursor.execute("insert into staging.sold (id) values ('A2')")
    cursor.execute(f"copy into @raw.lake/unload/open/ from (select * from staging.sold) {PARQUET}")
    assert cursor.fetchall()[0][0] == 3
    cursor.execute("rollback")
    assert query("select count(*) from analytics.staging.sold") == [(2,)]


def test_what_was_unloaded_can_be_loaded_again(query: Query):
    query(f"copy into @analytics.raw.lake/unload/back/ from analytics.staging.sold {PARQUET}")
    query("create or replace table analytics.staging.back (id varchar, amount number(18, 4), day date)")
    query(
        "copy into analytics.staging.back from @analytics.raw.lake/unload/back/ file_format = (type = parquet) "
        "match_by_column_name = case_insensitive"
    )
    assert query("select * from analytics.staging.back order by id nulls last") == [
        ("A1", Decimal("1.5"), date(2026, 3, 29)),
        (None, None, None),
    ]
