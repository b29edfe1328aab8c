-- Every API key, the newest first, without its hash.
select
    key_id,
    key_name,
    scopes,
    requests_per_minute,
    created_at,
    expires_at,
    revoked_at

from audit.api_keys

order by created_at desc, key_id asc
