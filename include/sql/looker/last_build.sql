-- The build that was recorded last, and when (UTC).
select
    build_number,
    finished_at

from audit.builds

order by build_number desc

limit 1
