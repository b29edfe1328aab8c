-- Rows in quarantine that the source no longer has, every version of them.
update {{ quarantine }}
set _deleted_at = %(asked_at)s
where
    _deleted_at is null
    and {{ key }} in (select gone.row_key from {{ gone }} as gone)
