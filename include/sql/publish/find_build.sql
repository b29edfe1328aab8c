-- The build that was recorded last.
select
    build_number,
    data_through

from audit.builds

order by build_number desc

limit 1
