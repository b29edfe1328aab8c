-- Remember which fit of a model is in use as of a day.
merge into {{ database }}.analytics.customer_value_parameters as fits
using (
    select
        %(model_name)s as model_name,
        %(as_of_date)s::date as as_of_date
) as fit
    on
        fits.model_name = fit.model_name
        and fits.as_of_date = fit.as_of_date
when matched
    then update set
        r = %(r)s,
        alpha = %(alpha)s,
        a = %(a)s,
        b = %(b)s,
        p = %(p)s,
        q = %(q)s,
        v = %(v)s,
        log_likelihood = %(log_likelihood)s,
        customer_count = %(customer_count)s,
        first_day = %(first_day)s::date,
        last_day = %(last_day)s::date,
        fitted_as_of_date = %(fitted_as_of_date)s::date,
        converged = %(converged)s,
        failure_reason = %(failure_reason)s,
        run_id = %(run_id)s
when not matched
    then insert (
        model_name, as_of_date, r, alpha, a, b, p, q, v, log_likelihood, customer_count,
        first_day, last_day, fitted_as_of_date, converged, failure_reason, run_id
    ) values (
        fit.model_name,
        fit.as_of_date,
        %(r)s,
        %(alpha)s,
        %(a)s,
        %(b)s,
        %(p)s,
        %(q)s,
        %(v)s,
        %(log_likelihood)s,
        %(customer_count)s,
        %(first_day)s::date,
        %(last_day)s::date,
        %(fitted_as_of_date)s::date,
        %(converged)s,
        %(failure_reason)s,
        %(run_id)s
    )
