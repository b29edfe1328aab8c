-- What a table knows of a person. Only to look for it in files: it appears in no statement and in no log.
select distinct {{ columns }}

from {{ table }}

where {{ theirs }}
