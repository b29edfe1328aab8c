"""COPY INTO from the lake, LIST, and what they say when a file is missing or broken."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from local.stack import Stack

Query = Callable[..., list[tuple]]
AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
COPY = (
    "copy into analytics.raw.landing from @analytics.raw.lake/{folder}/ files = ({files}) "
    "file_format = (format_name = 'ANALYTICS.RAW.PARQUET_FILES') match_by_column_name = case_insensitive "
    "on_error = abort_statement"
)


@pytest.fixture(scope="module")
def lake(stack: Stack) -> Any:
    endpoint = stack.endpoints["s3"]
    return boto3.client(
        "s3",
        endpoint_url=endpoint["endpoint_url"],
        aws_access_key_id=endpoint["access_key"],
        aws_secret_access_key=endpoint["secret_key"],
        region_name=endpoint["region"],
    )


@pytest.fixture(scope="module", autouse=True)
def files(lake: Any, stack: Stack) -> None:
    table = pa.table(
        {
            "Id": ["A1", "A2", "A3"],
            "amount": pa.array([Decimal("1.2345"), None, Decimal("-3")], pa.decimal128(18, 4)),
            "ordered_at": pa.array([AT, None, AT], pa.timestamp("us", "UTC")),
            "_extra": ['{"note": "x"}', None, None],
            "unknown_column": [1, 2, 3],
        }
    )
    for key, part in [("part-00000.parquet", table), ("part-00001.parquet", table.slice(0, 1))]:
        buffer = io.BytesIO()
        pq.write_table(part, buffer, compression="zstd")
        lake.put_object(Bucket=stack.endpoints["s3"]["bucket"], Key=f"raw/good/{key}", Body=buffer.getvalue())
    lake.put_object(Bucket=stack.endpoints["s3"]["bucket"], Key="raw/bad/part-00000.parquet", Body=b"not parquet")


@pytest.fixture(autouse=True)
def landing(query: Query) -> None:
    query(
        "create or replace transient table analytics.raw.landing "
        "(id varchar not null, amount number(18, 4), ordered_at timestamp_ntz, _extra variant, _absent varchar)"
    )


def test_a_quoted_path_may_hold_special_characters(query: Query, lake: Any, stack: Stack):
    bucket = stack.endpoints["s3"]["bucket"]
    source = {"Bucket": bucket, "Key": "raw/good/part-00000.parquet"}
    lake.copy_object(Bucket=bucket, Key="raw/day=2026-06-01/a b/part-00000.parquet", CopySource=source)
    statement = COPY.replace("@analytics.raw.lake/{folder}/", "'@analytics.raw.lake/{folder}/'")
    query(statement.format(folder="raw/day=2026-06-01/a b", files="'part-00000.parquet'"))
    assert query("select count(*) from analytics.raw.landing") == [(3,)]


def test_named_files_are_loaded_once(query: Query):
    statement = COPY.format(folder="raw/good", files="'part-00000.parquet', 'part-00001.parquet'")
    loaded = query(statement)
    assert [(row[0], row[1], row[3]) for row in loaded] == [
        ("s3://analytics-lake/raw/good/part-00000.parquet", "LOADED", 3),
        ("s3://analytics-lake/raw/good/part-00001.parquet", "LOADED", 1),
    ]
    assert query("select id, amount, ordered_at, _absent from analytics.raw.landing order by id, amount limit 3") == [
        ("A1", Decimal("1.2345"), AT.replace(tzinfo=None), None),
        ("A1", Decimal("1.2345"), AT.replace(tzinfo=None), None),
        ("A2", None, None, None),
    ]
    assert query(
        "select parse_json(_extra):note::varchar from analytics.raw.landing where _extra is not null limit 1"
    ) == [("x",)]
    assert [row[1] for row in query(statement)] == ["LOAD_SKIPPED", "LOAD_SKIPPED"]
    assert query("select count(*) from analytics.raw.landing") == [(4,)]


def test_a_pattern_and_a_forced_reload(query: Query):
    statement = (
        "copy into analytics.raw.landing from @analytics.raw.lake/raw/good/ pattern = '.*part-0000[1][.]parquet' "
        "file_format = (type = parquet) match_by_column_name = case_insensitive force = true"
    )
    assert [row[3] for row in query(statement)] == [1]
    assert [row[3] for row in query(statement)] == [1]
    assert query("select count(*) from analytics.raw.landing") == [(2,)]


def test_a_missing_file_is_an_error_and_loads_nothing(query: Query):
    with pytest.raises(ProgrammingError, match=r"good/part-00009\.parquet.* was not found"):
        query(COPY.format(folder="raw/good", files="'part-00000.parquet', 'part-00009.parquet'"))
    assert query("select count(*) from analytics.raw.landing") == [(0,)]


def test_a_broken_file_is_an_error_and_loads_nothing(query: Query):
    with pytest.raises(ProgrammingError, match=r"(?s)parquet.*raw/bad/part-00000\.parquet"):
        query(COPY.format(folder="raw/bad", files="'part-00000.parquet'"))
    assert query("select count(*) from analytics.raw.landing") == [(0,)]


def test_a_null_in_a_required_column_loads_nothing(query: Query):
    query("create or replace transient table analytics.raw.landing (amount number(18, 4) not null)")
    with pytest.raises(Exception, match="NOT NULL"):
        query(COPY.format(folder="raw/good", files="'part-00000.parquet'"))
    assert query("select count(*) from analytics.raw.landing") == [(0,)]


def test_a_copy_is_rolled_back_with_its_transaction(open_session: Callable[..., SnowflakeConnection], query: Query):
    cursor = open_session().cursor()
    cursor.execute("begin")
    cursor.execute(COPY.format(folder="raw/good", files="'part-00000.parquet'"))
    cursor.execute("rollback")
    assert query("select count(*) from analytics.raw.landing") == [(0,)]
    cursor.execute(COPY.format(folder="raw/good", files="'part-00000.parquet'"))
    assert query("select count(*) from analytics.raw.landing") == [(3,)]


def test_an_unknown_stage_is_an_error(query: Query):
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        query("copy into analytics.raw.landing from @analytics.raw.nowhere/x file_format = (type = parquet)")


def test_list_shows_the_files_under_a_path(query: Query):
    listed = query("list @analytics.raw.lake/raw/good/")
    assert [row[0] for row in listed] == [
        "s3://analytics-lake/raw/good/part-00000.parquet",
        "s3://analytics-lake/raw/good/part-00001.parquet",
    ]
    assert all(row[1] > 0 for row in listed)
