-- What will become of each candidate of a table that is replaced by the day, counted before anything moves.
with candidates as (

    select * from {{ candidates }}

),

published as (

    select
        published_day,
        version

    from audit.published_days

    where table_name = %(table_name)s

),

classified as (

    select
        case
            when candidates._reason is not null then 'quarantined'
            when candidates._rank > 1 then 'superseded'
            when published.version >= candidates.{{ version }} then 'superseded'
            else 'inserted'
        end as outcome,
        {{ "candidates." ~ money if money else "null" }} as money

    from candidates
    left join published on candidates.{{ day }} = published.published_day

)

select
    outcome,
    count(*) as row_count,
    sum(money) as money

from classified

group by outcome
