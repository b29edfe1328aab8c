"""The tools that the checks run, and the files they look at."""

import os
import subprocess
import sys
from pathlib import Path

TOOLS = Path(sys.executable).parent
SECONDS = 120


def run(root: Path, *command: str, stdin: str | None = None) -> list[str]:
    """Run a tool of this environment in `root`; the lines it printed when it found something, none when all is well."""
    ended = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=root,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env={**os.environ, "NO_COLOR": "1", "PATH": f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}"},
    )
    if ended.returncode == 0:
        return []
    said = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    return said or [f"{command[0]} ended with {ended.returncode} and said nothing"]


def files(root: Path) -> list[str]:
    """Paths of the files that git knows or would take up, relative to `root`; of all files outside a clone."""
    if (root / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
        return sorted(name for name in listed if name and (root / name).is_file())
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
