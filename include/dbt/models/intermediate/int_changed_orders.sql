with orders as (

    select * from {{ ref('stg_orders') }}

),

deleted_rows as (

    select * from {{ ref('stg_deleted_rows') }}

),

line_orders as (

    select * from {{ ref('int_line_orders') }}

),

pending_batches as (

    select * from {{ ref('int_pending_batches') }}

),

build as (

    select * from {{ ref('int_build') }}

),

final as (

    select orders.order_id

    from orders
    inner join pending_batches on orders.batch_id = pending_batches.batch_id

    union distinct

    select deleted_rows.order_id

    from deleted_rows
    inner join pending_batches on deleted_rows.batch_id = pending_batches.batch_id

    where deleted_rows.table_name = 'orders'

    union distinct

    select line_orders.order_id

    from line_orders
    inner join build on line_orders.build_number = build.build_number

)

select * from final
