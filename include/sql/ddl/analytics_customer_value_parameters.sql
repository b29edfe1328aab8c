-- One row a model and as-of day: the fit in use on that day, which is an older one where that day's own failed.
create table if not exists {{ database }}.analytics.customer_value_parameters (
    model_name varchar not null,
    as_of_date date not null,
    r float,
    alpha float,
    a float,
    b float,
    p float,
    q float,
    v float,
    log_likelihood float,
    customer_count number(18, 0),
    first_day date,
    last_day date,
    fitted_as_of_date date,
    converged boolean not null,
    failure_reason varchar,
    run_id varchar not null
)
