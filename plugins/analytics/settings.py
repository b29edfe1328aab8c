"""Settings of the API, read from the environment; connections are Airflow's (include/config.py names them)."""

import os
from dataclasses import dataclass, field

API_PREFIX = "/api/v1"
MAX_TARGET_BYTES = 8192  # path and query
MAX_BODY_BYTES = 1024  # no operation reads a body


@dataclass(frozen=True)
class Settings:
    """What a deployment may change. Seconds and bytes are what they say."""

    host: str = "127.0.0.1"
    port: int = 5000
    requests_per_minute: int = 600
    """Of each API key, unless the key has its own."""
    failed_sign_ins_per_minute: int = 60
    """Of each client address. Beyond, no unknown key is looked for; known keys go on working from there."""
    cache_bytes: int = 64_000_000
    """Of whole answers."""
    shared_values: int = 400_000
    """Of rows that several questions take from; about as many hundred bytes."""
    pool_size: int = 4
    """Sessions of the warehouse for questions, and so questions asked of it at once."""
    check_pool_size: int = 2
    """More sessions, for the checks of builds and of keys: they never wait behind questions."""
    pool_wait_seconds: float = 10
    login_seconds: int = 10
    statement_seconds: int = 30
    build_check_seconds: float = 2
    """An answer is never of a build that was replaced longer ago than this, unless the warehouse is slow."""
    check_wait_seconds: float = 2
    """A request waits so long for a check of builds or keys; then what was known before counts."""
    key_check_seconds: float = 15
    """A revoked key is refused after this at the latest."""
    unknown_key_seconds: float = 1
    """A key that is not known may be new: so often is looked for it. A new key works after this at the latest."""
    ready_seconds: float = 60
    """/ready answers from what is known for so long: probes alone would keep the warehouse awake."""
    retry_seconds: float = 5
    """The warehouse is asked again so long after it could not be reached; also the Retry-After of a 503."""
    cors_origins: tuple[str, ...] = field(default=())
    airflow_login: bool = False
    """Whether Airflow's login counts beside API keys; the plugin sets it."""

    @classmethod
    def from_environment(cls, airflow_login: bool = False) -> "Settings":
        """The defaults, replaced by what the environment says."""
        origins = os.environ.get("API_CORS_ORIGINS", "")
        return cls(
            host=os.environ.get("API_HOST", cls.host),
            port=int(os.environ.get("PORT") or cls.port),
            requests_per_minute=int(os.environ.get("API_REQUESTS_PER_MINUTE", cls.requests_per_minute)),
            failed_sign_ins_per_minute=int(
                os.environ.get("API_FAILED_SIGN_INS_PER_MINUTE", cls.failed_sign_ins_per_minute)
            ),
            cache_bytes=int(os.environ.get("API_CACHE_BYTES", cls.cache_bytes)),
            shared_values=int(os.environ.get("API_SHARED_VALUES", cls.shared_values)),
            pool_size=int(os.environ.get("API_POOL_SIZE", cls.pool_size)),
            login_seconds=int(os.environ.get("API_LOGIN_SECONDS", cls.login_seconds)),
            statement_seconds=int(os.environ.get("API_STATEMENT_SECONDS", cls.statement_seconds)),
            build_check_seconds=float(os.environ.get("API_BUILD_CHECK_SECONDS", cls.build_check_seconds)),
            key_check_seconds=float(os.environ.get("API_KEY_CHECK_SECONDS", cls.key_check_seconds)),
            ready_seconds=float(os.environ.get("API_READY_SECONDS", cls.ready_seconds)),
            cors_origins=tuple(origin.strip() for origin in origins.split(",") if origin.strip()),
            airflow_login=airflow_login,
        )
