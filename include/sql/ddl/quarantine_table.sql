-- Rows the gate rejected, with the reason and the money at risk. _deleted_at says when the source was found without the
-- key, null while it is there; _extracted_at when it was last read with just this content. Both UTC, by its clock.
create table if not exists {{ table }} (
    {% for column in columns %}
    {{ column.name }} {{ column.type }},
    {% endfor %}
    _extra variant,
    _batch_id varchar not null,
    _row_number number(18, 0) not null,
    _row_hash varchar not null,
    _occurrence number(18, 0) not null,
    _reason varchar not null,
    _money_at_risk number(18, 4),
    _quarantined_at timestamp_ntz not null,
    _deleted_at timestamp_ntz,
    _extracted_at timestamp_ntz
)
