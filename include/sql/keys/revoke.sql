-- End an API key; once ended it stays so.
update audit.api_keys

set revoked_at = %(revoked_at)s

where
    key_id = %(key_id)s
    and revoked_at is null
