-- A published table: the contract's columns, then where each row came from.
create table if not exists {{ table }} (
    {% for column in columns %}
    {{ column.name }} {{ column.type }}{{ "" if column.nullable else " not null" }},
    {% endfor %}
    _extra variant,
    _batch_id varchar not null,
    _row_hash varchar not null,
    _published_at timestamp_ntz not null
)
