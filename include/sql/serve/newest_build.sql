-- The build that was finished last.
select
    build_number,
    data_through,
    finished_at

from audit.builds

order by build_number desc

limit 1
