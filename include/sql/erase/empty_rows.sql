-- Empty the personal columns of a person's rows. The content hash becomes that of the row as it is now, so that the
-- same row, emptied while it is extracted once more, is known again (publish/rank_candidates.sql computes it so, too).
update {{ table }} set
    {% for column in others %}
    {{ column }} = null,
    {% endfor %}
    {% if is_hashed %}
    _row_hash = md5(concat_ws(
        '|',
        {% for column in columns %}
        {% if column.pii %}
        '~',
        {% elif column.type == "timestamp_ntz" %}
        coalesce(to_varchar({{ column.name }}, 'YYYY-MM-DD HH24:MI:SS.FF6'), '~'),
        {% elif column.type == "date" %}
        coalesce(to_varchar({{ column.name }}, 'YYYY-MM-DD'), '~'),
        {% else %}
        coalesce(to_varchar({{ column.name }}), '~'),
        {% endif %}
        {% endfor %}
        '~'
    )),
    {% endif %}
    {{ column }} = null

where
    ({{ theirs }})
    and ({{ filled }})
