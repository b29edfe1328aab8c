-- Taken rows and money by the reason they were set aside for, and the reason for which they still fail, if any.
select
    _taken_reason,
    _reason,
    count(*) as row_count,
    {{ "sum(" ~ money ~ ")" if money else "null" }} as money

from {{ candidates }}

group by
    _taken_reason,
    _reason

order by
    _taken_reason,
    _reason
