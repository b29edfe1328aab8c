-- First statement of a transaction that writes a table: it holds the lock of this row until the end, so that those who
-- publish the same table take turns and each decides on what the one before has committed.
merge into {{ turn }} as turn
using (
    select
        %(table_name)s as table_name,
        %(batch_id)s as batch_id
) as taken
    on turn.table_name = taken.table_name
when matched
    then update set
        batch_id = taken.batch_id
when not matched
    then insert (table_name, batch_id)
    values (taken.table_name, taken.batch_id)
