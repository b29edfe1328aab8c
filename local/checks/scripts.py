"""Shell scripts: shellcheck."""

from pathlib import Path

from local.checks.tools import files, run


def check(root: Path) -> list[str]:
    """What shellcheck says of every file that a shell runs."""
    scripts = [name for name in files(root) if _is_script(root / name)]
    return run(root, "shellcheck", "--format=gcc", *scripts) if scripts else []


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.split()[-1].rsplit(b"/", 1)[-1] in (b"sh", b"bash")
