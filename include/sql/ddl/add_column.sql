-- A column that a table made by an older version does not have.
alter table {{ table }} add column if not exists {{ column }} {{ type }}
