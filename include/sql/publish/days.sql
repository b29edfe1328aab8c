-- The days a batch holds, empty ones too, with the version of each: a relation inside the statements that need it.
{% for batch_day in days %}
select
    '{{ batch_day.day }}'::date as published_day,
    '{{ batch_day.version }}'::timestamp_ntz as version
{{ "union all" if not loop.last }}
{% endfor %}
