-- Remember a new API key by the hash of its secret.
insert into audit.api_keys
(key_id, key_name, secret_sha256, scopes, requests_per_minute, created_at, expires_at)
values
(
    %(key_id)s, %(key_name)s, %(secret_sha256)s, %(scopes)s, %(requests_per_minute)s,
    %(created_at)s, %(expires_at)s
)
