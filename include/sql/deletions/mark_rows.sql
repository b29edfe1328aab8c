-- Published rows that the source no longer has: the batch is named, so that the next build looks at them.
update {{ target }}
set
    _deleted_at = %(asked_at)s,
    _absent_at = %(asked_at)s,
    _batch_id = %(batch_id)s,
    _published_at = %(published_at)s
where
    _deleted_at is null
    and {{ key }} in (select gone.row_key from {{ gone }} as gone)
