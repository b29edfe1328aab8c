-- Keys of a span of time that staging or the quarantine holds and that are not known to be deleted.
select {{ key }} as row_key
from {{ target }}
where
    {{ day }} >= %(start)s
    and {{ day }} < %(end)s
    and _deleted_at is null

union distinct

select {{ key }} as row_key
from {{ quarantine }}
where
    {{ day }} >= %(start)s
    and {{ day }} < %(end)s
    and _deleted_at is null
    and {{ key }} is not null
