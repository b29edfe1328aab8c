"""Stand-in for Snowflake: fakesnow behind the connector's own protocol, on DuckDB files, with what it lacks added.

A statement goes through `session.Statement`: what concerns only an account is accepted (`statements`), Snowflake's
functions are rewritten where DuckDB's differ (`dialect`, `functions`, `macros.sql`), fakesnow rewrites the rest
(`passes`), DuckDB runs it, and the result is encoded as the connector expects (`results`, `protocol`, `server`).

Known differences from Snowflake: a quotient of two NUMBERs, and their AVG, is a FLOAT until it is cast; a path of a
VARIANT must be cast before it is calculated with; a DATE plus a column of days needs DATEADD; a statement that fails
within a transaction leaves nothing to do but ROLLBACK; an unload writes CSV or Parquet to S3 only, a FLOAT in CSV with
all its digits; there is no time travel, no stream, no task, no procedure.
"""
