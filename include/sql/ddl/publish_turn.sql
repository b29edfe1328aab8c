-- Whose turn it is to publish a table: one row, which every publishing transaction changes first.
create table if not exists {{ table }} (
    table_name varchar not null,
    batch_id varchar not null
)
