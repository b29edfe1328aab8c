-- One part of a mart as Parquet files in the lake; the answer names each file with its bytes and rows.
-- The query's id in the names keeps two tries apart, also when the first goes on after its client has died.
copy into '@raw.lake/{{ folder }}'
from (
    select {% for column in columns %}{{ column }} as "{{ column }}"{{ ", " if not loop.last }}{% endfor %}

    from marts.{{ mart }}
    where {{ chosen }}
)
file_format = (type = parquet compression = snappy)
header = true
include_query_id = true
max_file_size = {{ file_bytes }}
detailed_output = true
