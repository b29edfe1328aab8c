-- Put a customer on the list, once; an address that became known later is added.
merge into audit.erasures as erasures
using (
    select
        %(customer_key)s as customer_key,
        %(email_hashes)s as email_hashes
) as request
    on erasures.customer_key = request.customer_key
when matched and erasures.email_hashes != request.email_hashes
    then update set
        email_hashes = request.email_hashes
when not matched
    then insert (
        customer_key,
        email_hashes,
        requested_at,
        dag_id,
        run_id,
        code_version
    ) values (
        request.customer_key,
        request.email_hashes,
        %(requested_at)s,
        %(dag_id)s,
        %(run_id)s,
        %(code_version)s
    )
