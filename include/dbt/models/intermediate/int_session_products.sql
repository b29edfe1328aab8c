-- depends_on: {{ ref('int_changed_visitors') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'changed': 'int_changed_visitors',
        'replaced_where': 'target.user_pseudo_id = changed.user_pseudo_id',
    },
    on_schema_change='append_new_columns',
) }}

with web_events as (

    {{ events_of_changed_visitors() }}

),

event_items as (

    select
        web_events.session_key,
        web_events.user_pseudo_id,
        web_events.event_id,
        web_events.event_name,
        web_events.event_day,
        item.value:item_id::varchar as product_id,
        coalesce(item.value:quantity::number(18, 0), 1) as quantity

    from web_events,
        lateral flatten(input => try_parse_json(web_events.items)) as item

    where web_events.event_name in ('view_item', 'add_to_cart', 'purchase')

),

final as (

    select
        session_key,
        coalesce(product_id, 'unknown') as product_id,
        any_value(user_pseudo_id) as user_pseudo_id,

        count(distinct iff(event_name = 'view_item', event_id, null)) as view_count,
        count(distinct iff(event_name = 'add_to_cart', event_id, null)) as cart_count,
        count(distinct iff(event_name = 'purchase', event_id, null)) as purchase_count,
        sum(iff(event_name = 'purchase', quantity, 0))::number(18, 0) as purchased_unit_count,

        min(event_day) as first_day

    from event_items

    group by
        session_key,
        coalesce(product_id, 'unknown')

)

select * from final
