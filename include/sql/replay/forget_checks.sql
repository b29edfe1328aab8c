-- What a dry run checked leaves no trace.
delete from audit.gate_results
where batch_id = %(batch_id)s
