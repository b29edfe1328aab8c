-- The audit row of a batch, if it was published before.
select
    landed_rows,
    inserted_rows,
    updated_rows,
    superseded_rows,
    quarantined_rows,
    replaced_rows

from audit.loads

where batch_id = %(batch_id)s
