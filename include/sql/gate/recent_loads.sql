-- Rows of a table's earlier batches that began in a span of time, one row a window: of a window that was loaded more
-- than once the fullest batch counts, because rows that changed again later have moved to a later window.
select
    window_start,
    window_end,
    max(landed_rows) as landed_rows

from audit.loads

where
    table_name = %(table_name)s
    and window_start >= %(since)s::timestamp_ntz
    and window_start < %(before)s::timestamp_ntz

group by window_start, window_end
