-- depends_on: {{ ref('int_pending_batches') }}
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='line_order_key',
    on_schema_change='append_new_columns',
) }}

with order_items as (

    select
        order_item_id,
        order_id,
        batch_id

    from {{ ref('stg_order_items') }}

    union all

    select
        row_key as order_item_id,
        order_id,
        batch_id

    from {{ ref('stg_deleted_rows') }}

    where table_name = 'order_items'

),

build as (

    select * from {{ ref('int_build') }}

),

lines as (

    select
        order_item_id,
        order_id

    from order_items

    {% if is_incremental() %}
        where batch_id in (select pending_batches.batch_id from {{ ref('int_pending_batches') }} as pending_batches)

        union distinct

        -- Where a changed line was before: that order has changed with it.
        select
            built.order_item_id,
            built.order_id

        from {{ this }} as built

        where built.order_item_id in (
            select changed.order_item_id
            from order_items as changed
            inner join {{ ref('int_pending_batches') }} as pending_batches
                on changed.batch_id = pending_batches.batch_id
        )
    {% endif %}

),

final as (

    select
        lines.order_item_id || '|' || lines.order_id as line_order_key,
        lines.order_item_id,
        lines.order_id,
        build.build_number

    from lines
    cross join build

)

select * from final
