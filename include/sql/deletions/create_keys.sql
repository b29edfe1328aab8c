-- Keys that the source no longer has. Made before the transaction, because Snowflake commits on DDL.
create or replace transient table {{ gone }} (
    row_key varchar not null
)
