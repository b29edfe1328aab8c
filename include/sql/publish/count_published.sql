-- Rows and money of a batch that the published table really holds.
select
    count(*) as row_count,
    {{ "sum(" ~ money ~ ")" if money else "null" }} as money

from {{ target }}

where _batch_id = %(batch_id)s
