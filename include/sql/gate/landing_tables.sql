-- Which of these landing tables exist; names in capitals.
select
    table_schema,
    table_name

from information_schema.tables

where table_name in ({% for name in names %}'{{ name }}'{{ ", " if not loop.last }}{% endfor %})
