with source as (

    select * from {{ source('pii', 'customers') }}

),

-- Name, e-mail and phone stay behind: nothing after this view can see them.
final as (

    select
        customer_id,
        email_hash,

        country,
        city,

        is_deleted,

        created_at,
        updated_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
