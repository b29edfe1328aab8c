-- A published table: the contract's columns, then where each row came from. A row that the source no longer has keeps
-- its place: _deleted_at says when the source was found without it, null while it is there; _absent_at remembers that
-- moment when the row has come back. _extracted_at says when the source was last read with just this content; null
-- where the source tells no time. All three are UTC, by the source's clock.
create table if not exists {{ table }} (
    {% for column in columns %}
    {{ column.name }} {{ column.type }}{{ "" if column.nullable else " not null" }},
    {% endfor %}
    _extra variant,
    _batch_id varchar not null,
    _row_hash varchar not null,
    _published_at timestamp_ntz not null,
    _deleted_at timestamp_ntz,
    _absent_at timestamp_ntz,
    _extracted_at timestamp_ntz
)
