-- Put a customer on the list, once; addresses and orders that became known later are added.
merge into audit.erasures as erasures
using (
    select
        %(customer_key)s as customer_key,
        %(email_hashes)s as email_hashes,
        %(order_ids)s as order_ids
) as request
    on erasures.customer_key = request.customer_key
when
    matched
    and (erasures.email_hashes != request.email_hashes or erasures.order_ids != request.order_ids)
    then update set
        email_hashes = request.email_hashes,
        order_ids = request.order_ids
when not matched
    then insert (
        customer_key,
        email_hashes,
        order_ids,
        requested_at,
        dag_id,
        run_id,
        code_version
    ) values (
        request.customer_key,
        request.email_hashes,
        request.order_ids,
        %(requested_at)s,
        %(dag_id)s,
        %(run_id)s,
        %(code_version)s
    )
