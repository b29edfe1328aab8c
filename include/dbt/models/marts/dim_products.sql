{% set tracked = ['name', 'category', 'subcategory', 'brand', 'list_price', 'is_merchandise', 'is_active'] %}

with products as (

    select * from {{ ref('stg_products') }}

),

order_items as (

    select * from {{ ref('stg_order_items') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

compared as (

    select
        *,
        {% for column in tracked %}
            lag({{ column }}) over (partition by product_id order by updated_at) as previous_{{ column }},
        {% endfor %}
        row_number() over (partition by product_id order by updated_at) as position

    from products

),

changed as (

    select
        product_id as product_key,
        {% for column in tracked %}
            {{ column }},
        {% endfor %}
        min(created_at) over (partition by product_id) as created_at,
        updated_at,
        row_number() over (partition by product_id order by updated_at) as version_number,
        lead(updated_at) over (partition by product_id order by updated_at) as valid_to

    from compared

    where
        position = 1
        {% for column in tracked %}
            or {{ column }} is distinct from previous_{{ column }}
        {% endfor %}

),

from_catalog as (

    select
        product_key,
        'catalog' as product_source,
        version_number,
        {% for column in tracked %}
            {{ column }},
        {% endfor %}
        created_at,
        iff(version_number = 1, '1900-01-01'::timestamp_ntz, updated_at) as valid_from,
        valid_to

    from changed

),

mentioned as (

    select product_id from order_items

    union distinct

    select product_id from refunds

    where product_id is not null

),

-- What was sold but is not in the catalog is taken for merchandise: nothing says otherwise.
not_in_catalog as (

    select
        mentioned.product_id as product_key,
        'inferred' as product_source,
        true as is_merchandise

    from mentioned
    left join products on mentioned.product_id = products.product_id

    where products.product_id is null

    union all

    select
        'unknown' as product_key,
        'unknown' as product_source,
        false as is_merchandise

),

all_versions as (

    select * from from_catalog

    union all

    select
        product_key,
        product_source,
        1 as version_number,
        null::varchar as name,
        null::varchar as category,
        null::varchar as subcategory,
        null::varchar as brand,
        null::number(18, 4) as list_price,
        is_merchandise,
        false as is_active,
        null::timestamp_ntz as created_at,
        '1900-01-01'::timestamp_ntz as valid_from,
        null::timestamp_ntz as valid_to

    from not_in_catalog

),

final as (

    select
        product_key || '.' || version_number::varchar as product_version_key,
        product_key,
        version_number,
        product_source,

        name,
        category,
        subcategory,
        brand,

        list_price,

        is_merchandise,
        is_active,

        created_at,
        valid_from,
        valid_to,
        valid_to is null as is_current

    from all_versions

)

select * from final
