-- What was erased so far, and by which run last. What is found after the certificate was given opens it again.
update audit.erasures set
    counts = parse_json(%(counts)s),
    erased_at = null,
    dag_id = %(dag_id)s,
    run_id = %(run_id)s,
    code_version = %(code_version)s

where customer_key = %(customer_key)s
