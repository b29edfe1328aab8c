"""Secrets: detect-secrets on every file; what it may find, as the stand-ins' keys, stands in .secrets.baseline."""

from pathlib import Path

from local.checks.tools import files

BASELINE = ".secrets.baseline"
NO_TEXT = (".png", ".ico", ".svg", ".parquet", ".xlsx", "package-lock.json")


def check(root: Path) -> list[str]:
    """Every line that looks like a secret and is not known."""
    from detect_secrets.core import baseline
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import configure_settings_from_baseline

    held = baseline.load_from_file(str(root / BASELINE))
    configure_settings_from_baseline(held)
    found = SecretsCollection(root=str(root))
    found.scan_files(*(name for name in files(root) if not name.endswith(NO_TEXT) and name != BASELINE))
    known = {(name, secret.type, secret.secret_hash) for name, secret in baseline.load(held)}
    new = [(name, secret) for name, secret in found if (name, secret.type, secret.secret_hash) not in known]
    return sorted(f"{name}:{secret.line_number}: {secret.type}" for name, secret in new)
