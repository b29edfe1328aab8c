-- A page of the batches that a gate has checked, and whether they were published; the newest first.
with checks as (

    select
        batch_id,
        table_name,
        count(*) as expectation_count,
        count_if(not success) as failed_count,
        count_if(not success and severity = 'critical') as failed_critical_count,
        max(checked_at) as checked_at

    from audit.gate_results

    where %(table_name)s is null or table_name = %(table_name)s

    group by batch_id, table_name

),

final as (

    select
        checks.*,
        exists (
            select 1
            from audit.loads
            where
                loads.batch_id = checks.batch_id
                and loads.table_name = checks.table_name
        ) as is_published

    from checks

)

select {{ columns }}

from final

order by checked_at desc, batch_id asc, table_name asc

limit %(limit)s offset %(offset)s
