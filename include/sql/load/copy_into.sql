-- The files of one batch into its landing table; all of them or none.
copy into {{ table }}
from '@raw.lake/{{ folder }}'
files = ({% for file in files %}'{{ file }}'{{ ", " if not loop.last }}{% endfor %})
file_format = (format_name = 'raw.parquet_files')
match_by_column_name = case_insensitive
on_error = abort_statement
