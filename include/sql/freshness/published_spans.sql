-- Every span of time that a batch has published, and when that was.
select
    table_name,
    window_start,
    window_end,
    published_at

from audit.loads
