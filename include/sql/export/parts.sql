-- What each part of a mart holds: sums of money, a hash of its content in any order, rows.
select
    {{ day }} as part_day,
    {% for column in money %}
    sum({{ column }}) as {{ column }}_total,
    {% endfor %}
    hash_agg({{ columns | join(", ") }}) as content_hash,
    count(*) as row_count

from marts.{{ mart }}

where {{ chosen }}

group by part_day
