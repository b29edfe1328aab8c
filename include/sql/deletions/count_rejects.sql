-- Rows in quarantine that the source no longer has and that are not marked yet.
select
    count(*) as row_count,
    {{ "sum(" ~ money ~ ")" if money else "null" }} as money

from {{ quarantine }}

where
    _deleted_at is null
    and {{ key }} in (select gone.row_key from {{ gone }} as gone)
