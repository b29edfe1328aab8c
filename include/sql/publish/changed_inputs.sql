-- What the build at work has taken in: the tables into which a batch that no earlier build saw brought rows, and
-- data_through when it has moved.
select pending.table_name as changed_input

from intermediate.int_pending_batches as pending
left join audit.loads as loads on pending.batch_id = loads.batch_id

where coalesce(loads.inserted_rows + loads.updated_rows + loads.replaced_rows, 1) > 0

union all

select 'data_through' as changed_input

from intermediate.int_build as build
cross join intermediate.int_data_through as data_through
left join audit.builds as previous on build.build_number - 1 = previous.build_number

where data_through.data_through is distinct from previous.data_through
