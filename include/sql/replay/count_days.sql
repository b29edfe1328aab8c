-- Days and exports of which a replay has published rows.
select count(distinct {{ day }}, {{ version }}) as day_count
from {{ target }}
where _batch_id = %(batch_id)s
