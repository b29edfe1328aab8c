with source as (

    select * from {{ source('staging', 'web_events') }}

),

final as (

    select
        event_id,
        user_pseudo_id,
        {{ identity_key('user_id') }} as identity_key,
        user_id,
        session_id,
        session_number,
        transaction_id,

        event_name,
        page_location,
        items,
        device_category,
        country,
        traffic_source,
        traffic_medium,
        experiment_id,
        experiment_variant,

        purchase_revenue,

        event_day,
        event_at,
        event_sequence,
        exported_at,
        _published_at as published_at,
        _batch_id as batch_id

    from source

)

select * from final
