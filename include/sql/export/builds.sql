-- The build that was recorded last, and the one at work; while none is, they are the same.
select
    builds.build_number,
    builds.data_through,
    build.build_number as build_number_at_work

from audit.builds as builds
cross join intermediate.int_build as build

order by builds.build_number desc

limit 1
