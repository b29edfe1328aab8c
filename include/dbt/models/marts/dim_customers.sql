{% set tracked = ['country', 'city', 'is_deleted'] %}

with customers as (

    select * from {{ ref('stg_customers') }}

),

identities as (

    select * from {{ ref('int_customers_identity') }}

),

compared as (

    select
        *,
        {% for column in tracked %}
            lag({{ column }}) over (partition by customer_id order by updated_at) as previous_{{ column }},
        {% endfor %}
        row_number() over (partition by customer_id order by updated_at) as position

    from customers

),

-- A version that differs in personal data only shows no difference here: it is no version.
changed as (

    select
        customer_id as customer_key,
        {% for column in tracked %}
            {{ column }},
        {% endfor %}
        min(created_at) over (partition by customer_id) as created_at,
        updated_at,
        row_number() over (partition by customer_id order by updated_at) as version_number,
        lead(updated_at) over (partition by customer_id order by updated_at) as valid_to

    from compared

    where
        position = 1
        {% for column in tracked %}
            or {{ column }} is distinct from previous_{{ column }}
        {% endfor %}

),

from_crm as (

    select
        customer_key,
        'crm' as customer_type,
        version_number,
        {% for column in tracked %}
            {{ column }},
        {% endfor %}
        created_at,
        iff(version_number = 1, '1900-01-01'::timestamp_ntz, updated_at) as valid_from,
        valid_to

    from changed

),

-- Whom the CRM does not know but an order, a refund or an event names; and the buyer nobody can name.
not_in_crm as (

    select distinct
        customer_key,
        customer_type

    from identities

    where customer_type != 'crm'

    union all

    select
        'unknown' as customer_key,
        'unknown' as customer_type

),

all_versions as (

    select * from from_crm

    union all

    select
        customer_key,
        customer_type,
        1 as version_number,
        null::varchar as country,
        null::varchar as city,
        false as is_deleted,
        null::timestamp_ntz as created_at,
        '1900-01-01'::timestamp_ntz as valid_from,
        null::timestamp_ntz as valid_to

    from not_in_crm

),

final as (

    select
        customer_key || '.' || version_number::varchar as customer_version_key,
        customer_key,
        version_number,
        customer_type,

        country,
        city,

        is_deleted,

        created_at,
        valid_from,
        valid_to,
        valid_to is null as is_current

    from all_versions

)

select * from final
