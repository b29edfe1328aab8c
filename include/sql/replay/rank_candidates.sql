-- Every taken row with the reason for which it still fails, and its rank within its key: rank 1 may be published.
-- Made before the publishing transaction, because Snowflake commits on DDL.
create or replace transient table {{ candidates }} as
select
    landed.*,
    rejects._reason,
    row_number() over (
        partition by
            iff(rejects._reason is null, 0, 1){% for column in key %}, landed.{{ column }}{% endfor %}

        order by
            landed.{{ version }} desc,
            landed._extracted_at desc nulls last,
            landed._row_hash desc,
            landed._row_number asc
    ) as _rank

from {{ landing }} as landed
left join {{ rejects }} as rejects on landed._row_number = rejects._row_number
