-- Rows and money that the gate sets aside, by reason; size is money without its signs.
select
    rejects._reason,
    count(*) as row_count,
    {{ "sum(landed." ~ money ~ ")" if money else "null" }} as money,
    {{ "sum(abs(landed." ~ money ~ "))" if money else "null" }} as size

from {{ rejects }} as rejects
inner join {{ landing }} as landed on rejects._row_number = landed._row_number

group by rejects._reason

order by rejects._reason
