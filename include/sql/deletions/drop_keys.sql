-- The keys of a removal that is over.
drop table if exists {{ gone }}
