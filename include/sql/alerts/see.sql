-- Count an alert that is open, else open it. The merge also takes the table's lock until its transaction ends.
merge into audit.alerts as alerts
using (
    select
        %(alert_id)s as alert_id,
        %(alert_key)s as alert_key
) as seen
    on
        alerts.alert_key = seen.alert_key
        and alerts.recovered_at is null
when matched
    then update set
        last_seen_at = %(now)s,
        occurrence_count = alerts.occurrence_count + 1,
        run_id = %(run_id)s
when not matched
    then insert (
        alert_id,
        alert_key,
        kind,
        alert_subject,
        severity,
        headline,
        place,
        first_run_id,
        run_id,
        first_seen_at,
        last_seen_at,
        occurrence_count
    ) values (
        seen.alert_id,
        seen.alert_key,
        %(kind)s,
        %(subject)s,
        %(severity)s,
        %(headline)s,
        %(place)s,
        %(run_id)s,
        %(run_id)s,
        %(now)s,
        %(now)s,
        1
    )
