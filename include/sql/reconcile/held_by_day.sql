-- Rows and money of each store day in staging, with the rows that only the quarantine holds. What was found deleted in
-- the source counts in neither.
with published as (

    select
        {{ key | join(", ") }},
        {{ day }} as happened_at,
        {{ money or 0 }} as money

    from {{ target }}

    where
        {{ day }} >= %(start)s
        and {{ day }} < %(end)s
        and _deleted_at is null

),

quarantined as (

    select
        quarantine.{{ day }} as happened_at,
        {{ "quarantine." ~ money if money else 0 }} as money

    from {{ quarantine }} as quarantine

    where
        quarantine.{{ day }} >= %(start)s
        and quarantine.{{ day }} < %(end)s
        and quarantine._deleted_at is null
        and not exists (
            select 1
            from {{ target }} as target
            where
                {% for column in key %}
                {{ "and " if not loop.first }}target.{{ column }} = quarantine.{{ column }}
                {% endfor %}
                and target._deleted_at is null
        )

    qualify
        row_number() over (
            partition by {% for column in key %}quarantine.{{ column }}{{ ", " if not loop.last }}{% endfor %}

            order by
                quarantine._extracted_at desc nulls last,
                quarantine._quarantined_at desc,
                quarantine._row_number desc
        ) = 1

),

held as (

    select
        happened_at,
        money

    from published

    union all

    select
        happened_at,
        money

    from quarantined

)

select
    convert_timezone('UTC', %(timezone)s, happened_at)::date as store_day,
    count(*) as row_count,
    sum(money) as money

from held

group by convert_timezone('UTC', %(timezone)s, happened_at)::date

order by store_day
