"""Secrets: detect-secrets on every file; what it may find, as the stand-ins' keys, stands in .secrets.baseline."""

from pathlib import Path

from local.checks.tools import files, run

BASELINE = ".secrets.baseline"
NO_TEXT = (".png", ".ico", ".svg", ".parquet", ".xlsx", "package-lock.json")


def check(root: Path) -> list[str]:
    """Every line that looks like a secret and is not known."""
    looked_at = [name for name in files(root) if not name.endswith(NO_TEXT) and name != BASELINE]
    said = run(root, "detect-secrets-hook", "--baseline", BASELINE, *looked_at)
    return [line.strip() for line in said if line.startswith(("Secret Type", "Location")) or "rror" in line] or said
