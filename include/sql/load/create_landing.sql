-- The landing table of one batch: the contract's columns without its constraints, so that the gate sees what came.
create or replace transient table {{ table }} (
    {% for column in columns %}
    {{ column.name }} {{ column.type }},
    {% endfor %}
    _extra varchar,
    _row_number number(18, 0)
)
