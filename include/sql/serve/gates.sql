-- A page of the batches that a gate has checked, and whether they were published; the newest first. Of a batch that was
-- checked more than once the last try counts. A page begins after a row, not after a number of rows: rows come and go.
with last_tries as (

    select *

    from audit.gate_results

    where %(table_name)s is null or table_name = %(table_name)s

    qualify checked_at = max(checked_at) over (partition by batch_id, table_name)

),

checks as (

    select
        batch_id,
        table_name,
        count(*) as expectation_count,
        count_if(not success) as failed_count,
        count_if(not success and severity = 'critical') as failed_critical_count,
        max(checked_at) as checked_at

    from last_tries

    group by batch_id, table_name

),

published as (

    select distinct
        batch_id,
        table_name

    from audit.loads

),

final as (

    select
        checks.*,
        published.batch_id is not null as is_published

    from checks
    left join published on
        checks.batch_id = published.batch_id
        and checks.table_name = published.table_name

)

select {{ columns }}

from final

where
    %(after_checked_at)s is null
    or checked_at < %(after_checked_at)s::timestamp_ntz
    or (
        checked_at = %(after_checked_at)s::timestamp_ntz
        and (
            batch_id > %(after_batch_id)s
            or (batch_id = %(after_batch_id)s and table_name > %(after_table_name)s)
        )
    )

order by checked_at desc, batch_id asc, table_name asc

limit %(limit)s
