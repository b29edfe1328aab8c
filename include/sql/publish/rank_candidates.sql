-- Every landed row with its reject reason, content hash, and rank within its key: rank 1 may be published.
-- Times are written out in a fixed format, so that no session setting changes a hash.
-- Made before the publishing transaction, because Snowflake commits on DDL.
create or replace transient table {{ candidates }} as
with hashed as (

    select
        landed.*,
        rejects._reason,
        md5(concat_ws(
            '|',
            {% for column in columns %}
            {% if column.type == "timestamp_ntz" %}
            coalesce(to_varchar(landed.{{ column.name }}, 'YYYY-MM-DD HH24:MI:SS.FF6'), '~'),
            {% elif column.type == "date" %}
            coalesce(to_varchar(landed.{{ column.name }}, 'YYYY-MM-DD'), '~'),
            {% else %}
            coalesce(to_varchar(landed.{{ column.name }}), '~'),
            {% endif %}
            {% endfor %}
            coalesce(landed._extra, '~')
        )) as _row_hash

    from {{ landing }} as landed
    left join {{ rejects }} as rejects on landed._row_number = rejects._row_number

),

final as (

    select
        hashed.*,
        %(extracted_at)s::timestamp_ntz as _extracted_at,
        row_number() over (
            partition by
                iff(hashed._reason is null, 0, 1){% for column in key %}, hashed.{{ column }}{% endfor %}

            order by hashed.{{ version }} desc, hashed._row_hash desc, hashed._row_number asc
        ) as _rank,
        row_number() over (
            partition by hashed._row_hash, hashed._reason
            order by hashed._row_number asc
        ) as _occurrence

    from hashed

)

select * from final
