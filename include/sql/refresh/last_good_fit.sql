-- The newest parameters of a model that may be used as of a day.
select
    r,
    alpha,
    a,
    b,
    p,
    q,
    v,
    log_likelihood,
    customer_count,
    first_day,
    last_day,
    fitted_as_of_date
from {{ database }}.analytics.customer_value_parameters
where
    model_name = %(model_name)s
    and as_of_date <= %(as_of_date)s
    and fitted_as_of_date is not null
order by as_of_date desc
limit 1
