-- What staging holds of a span of time, and how much of it the source no longer has; a row of that, too, whose newest
-- version lies outside. Sizes are sums of amounts without their sign, so that one cannot hide another.
with held as (

    select
        {{ "target." ~ money if money else 0 }} as money,
        gone.row_key is not null as is_gone

    from {{ target }} as target
    left join {{ gone }} as gone on target.{{ key }} = gone.row_key

    where
        target._deleted_at is null
        and (
            gone.row_key is not null
            or (target.{{ day }} >= %(start)s and target.{{ day }} < %(end)s)
        )

)

select
    count(*) as held_rows,
    coalesce(sum(money), 0) as held_money,
    coalesce(sum(abs(money)), 0) as held_size,
    coalesce(count_if(is_gone), 0) as gone_rows,
    coalesce(sum(iff(is_gone, money, 0)), 0) as gone_money,
    coalesce(sum(iff(is_gone, abs(money), 0)), 0) as gone_size

from held
