-- Every variant of every experiment, the control first.
select {{ columns }}

from marts.experiment_results

where %(experiment_id)s is null or experiment_id = %(experiment_id)s

order by experiment_id asc, is_control desc, experiment_variant asc
