-- The days a batch holds, empty ones too, with the version of each.
create or replace transient table {{ days }} (
    published_day date,
    version timestamp_ntz
)
