with loads as (

    select * from {{ ref('stg_loads') }}

),

built_batches as (

    select * from {{ ref('stg_built_batches') }}

),

final as (

    select
        loads.batch_id,
        loads.table_name

    from loads
    left join built_batches on loads.batch_id = built_batches.batch_id

    where built_batches.batch_id is null

)

select * from final
