-- One row an API key. Its secret is 256 random bits, so a plain SHA-256 of it cannot be turned back. Times are UTC.
create table if not exists {{ database }}.audit.api_keys (
    key_id varchar not null,
    key_name varchar not null,
    secret_sha256 varchar not null,
    scopes varchar not null,
    requests_per_minute number(18, 0),
    created_at timestamp_ntz not null,
    expires_at timestamp_ntz not null,
    revoked_at timestamp_ntz
)
