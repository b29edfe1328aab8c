-- A table of a replay that is over.
drop table if exists {{ table }}
