-- What will become of each candidate, counted before anything moves.
with candidates as (

    select * from {{ candidates }}

),

classified as (

    select
        case
            when candidates._reason is not null then 'quarantined'
            when candidates._rank > 1 then 'superseded'
            when target._row_hash is null then 'inserted'
            when
                (target._absent_at is null or candidates._extracted_at > target._absent_at)
                and (
                    target._deleted_at is not null
                    or candidates.{{ version }} > target.{{ version }}
                    or (
                        candidates.{{ version }} = target.{{ version }}
                        and candidates._row_hash != target._row_hash
                        and iff(
                            candidates._extracted_at is not distinct from target._extracted_at,
                            candidates._row_hash > target._row_hash,
                            target._extracted_at is null or candidates._extracted_at > target._extracted_at
                        )
                    )
                )
                then 'updated'
            else 'superseded'
        end as outcome,
        {{ "candidates." ~ money if money else "null" }} as money

    from candidates
    left join {{ target }} as target
        on
            candidates._reason is null
            {% for column in key %}
            and candidates.{{ column }} = target.{{ column }}
            {% endfor %}

)

select
    outcome,
    count(*) as row_count,
    sum(money) as money

from classified

group by outcome
