-- The last build after which each dashboard query was run without an error.
select
    dashboard,
    tile,
    query_id,
    max(build_number) as build_number

from audit.warmed_queries

where succeeded

group by dashboard, tile, query_id
