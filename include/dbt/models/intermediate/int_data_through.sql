with loads as (

    select * from {{ ref('stg_loads') }}

),

-- A table that never published does not hold back the others: a shop without web analytics has its numbers too.
published as (

    select
        table_name,
        dateadd('day', -1, max({{ store_day('window_end') }}))::date as last_day

    from loads

    where table_name in ('orders', 'order_items', 'refunds', 'products', 'customers', 'web_events')

    group by table_name

),

final as (

    select
        {% if var('as_of_date') is none %}
            min(last_day) as data_through,
            dateadd('day', 1, min(last_day))::date as as_of_date,
        {% else %}
            dateadd('day', -1, '{{ var('as_of_date') }}'::date)::date as data_through,
            '{{ var('as_of_date') }}'::date as as_of_date,
        {% endif %}
        count(*) as published_tables

    from published

)

select * from final
