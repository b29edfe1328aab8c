-- Remember which batches a finished build has taken in: no later build has to look at them.
merge into audit.built_batches as built
using (
    select
        pending.batch_id,
        build.build_number
    from intermediate.int_pending_batches as pending
    cross join intermediate.int_build as build
) as finished
    on built.batch_id = finished.batch_id
when not matched
    then insert (batch_id, build_number, built_at)
    values (finished.batch_id, finished.build_number, %(finished_at)s)
