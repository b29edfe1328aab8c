with customers as (

    select * from {{ ref('stg_customers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

visitor_days as (

    select * from {{ ref('int_visitor_days') }}

),

-- A guest's e-mail belongs to the customer who had it last.
email_owners as (

    select
        email_hash,
        customer_id

    from customers

    where email_hash is not null

    qualify row_number() over (partition by email_hash order by updated_at desc, customer_id asc) = 1

),

crm_customers as (

    select distinct customer_id from customers

),

identities as (

    select
        {{ identity_key('customer_id') }} as identity_key,
        customer_id,
        null::varchar as email_hash

    from crm_customers

    union distinct

    select
        identity_key,
        customer_id,
        case when customer_id is null then email_hash end as email_hash

    from orders

    where identity_key is not null

    union distinct

    select
        identity_key,
        customer_id,
        null::varchar as email_hash

    from refunds

    where identity_key is not null

    union distinct

    select
        identity_key,
        customer_id,
        null::varchar as email_hash

    from visitor_days

    where
        identity_key is not null
        and event_count > 0

),

final as (

    select
        identities.identity_key,
        coalesce(identities.customer_id, email_owners.customer_id, identities.email_hash) as customer_key,

        case
            when crm_customers.customer_id is not null or email_owners.customer_id is not null then 'crm'
            when identities.customer_id is not null then 'inferred'
            else 'guest'
        end as customer_type

    from identities
    left join crm_customers on identities.customer_id = crm_customers.customer_id
    left join email_owners on identities.email_hash = email_owners.email_hash

)

select * from final
