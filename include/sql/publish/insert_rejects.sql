-- Rows of the landing table for which a rule does not hold; a row keeps its first reason.
insert into {{ rejects }} (_row_number, _reason)
select
    landed._row_number,
    %(reason)s as _reason

from {{ landing }} as landed
left join {{ rejects }} as rejects on landed._row_number = rejects._row_number

where
    rejects._row_number is null
    and ({{ broken | replace('%', '%%') }})
