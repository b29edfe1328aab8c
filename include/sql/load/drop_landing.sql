-- A landing table that is over, or one of the tables that stood beside it.
drop table if exists {{ table }}
