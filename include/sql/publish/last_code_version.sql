-- The version of the code that made the marts before this build.
select code_version

from audit.built_marts

where build_number < %(build_number)s

order by build_number desc

limit 1
