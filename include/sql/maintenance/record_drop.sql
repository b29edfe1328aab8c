-- Say that a table is dropped, before it is: once, also when the run that wanted to was cut off in between.
merge into audit.maintenance as maintenance
using (
    select
        %(table_name)s as table_name,
        %(created_at)s::timestamp_ntz as created_at
) as dropped
    on
        maintenance.table_name = dropped.table_name
        and maintenance.created_at = dropped.created_at
when not matched
    then insert (
        table_name,
        batch_id,
        created_at,
        row_count,
        reason,
        dag_id,
        run_id,
        dropped_at
    ) values (
        dropped.table_name,
        %(batch_id)s,
        dropped.created_at,
        %(row_count)s,
        %(reason)s,
        %(dag_id)s,
        %(run_id)s,
        %(dropped_at)s
    )
