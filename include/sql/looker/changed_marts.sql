-- The last build that changed each mart.
select
    mart,
    max(build_number) as build_number

from audit.built_marts

group by mart
