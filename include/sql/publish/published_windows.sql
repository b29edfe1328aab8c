-- Spans of time that a table's published batches cover.
select
    window_start,
    window_end

from audit.loads

where table_name = %(table_name)s

order by window_start, window_end
