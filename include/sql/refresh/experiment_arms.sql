-- The sums of every arm of every experiment.
select
    experiment_id,
    experiment_variant,
    is_control,
    assigned_count,
    unit_count,
    conversion_count,
    purchase_revenue,
    purchase_revenue_squares
from intermediate.int_experiment_arms
order by
    experiment_id,
    experiment_variant
