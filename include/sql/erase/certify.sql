-- Certify that nothing was found any more; a certificate that was given stays as it is.
update audit.erasures set
    erased_at = %(erased_at)s

where
    customer_key = %(customer_key)s
    and erased_at is null
