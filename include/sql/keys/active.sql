-- Every API key that may still be used, as of now.
select
    key_id,
    key_name,
    secret_sha256,
    scopes,
    requests_per_minute,
    expires_at

from audit.api_keys

where revoked_at is null
