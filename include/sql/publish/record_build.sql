-- Remember a finished build once, with its number and the last day that it covers.
merge into audit.builds as builds
using (
    select
        build.build_number,
        %(run_id)s as run_id,
        data_through.data_through
    from intermediate.int_build as build
    cross join intermediate.int_data_through as data_through
) as finished
    on builds.build_number = finished.build_number
when not matched
    then insert (build_number, run_id, data_through, started_at, finished_at)
    values (finished.build_number, finished.run_id, finished.data_through, %(started_at)s, %(finished_at)s)
