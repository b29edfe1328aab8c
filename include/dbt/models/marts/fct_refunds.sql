-- depends_on: {{ ref('stg_deleted_rows') }}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    unique_key='refund_id',
    meta={
        'changed': 'stg_deleted_rows',
        'replaced_where': "changed.table_name = 'refunds' and target.refund_id = changed.row_key",
    },
    on_schema_change='append_new_columns',
) }}

with refunds as (

    select * from {{ ref('stg_refunds') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

identities as (

    select * from {{ ref('int_customers_identity') }}

),

build as (

    select * from {{ ref('int_build') }}

),

pending_batches as (

    select * from {{ ref('int_pending_batches') }}

),

changed_orders as (

    select * from {{ ref('int_changed_orders') }}

),

-- What a cancelled or test order paid was never revenue, so giving it back takes none away.
final as (

    select
        refunds.refund_id,
        refunds.order_id,
        coalesce(orders.customer_key, identities.customer_key, 'unknown') as customer_key,
        coalesce(refunds.product_id, 'unknown') as product_key,

        refunds.reason,

        refunds.quantity,
        refunds.amount as refund_amount,

        coalesce(orders.is_valid, true) as is_valid,

        refunds.refund_day,
        refunds.refunded_at,
        refunds.updated_at,

        build.build_number

    from refunds
    cross join build
    left join orders on refunds.order_id = orders.order_id
    left join identities on refunds.identity_key = identities.identity_key

    {% if is_incremental() %}
        where
            orders.build_number = build.build_number
            or refunds.batch_id in (select pending_batches.batch_id from pending_batches)
            or refunds.order_id in (select changed_orders.order_id from changed_orders)
    {% endif %}

)

select * from final
