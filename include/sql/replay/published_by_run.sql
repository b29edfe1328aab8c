-- Rows that the replays of one Airflow run have published, all its tries together.
select coalesce(sum(inserted_rows + updated_rows), 0) as row_count
from audit.replays
where dag_id = %(dag_id)s and run_id = %(run_id)s
