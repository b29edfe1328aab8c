"""Run the static checks, with the packages of requirements-ci.txt: `python -m local.checks [CHECK ...]`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from local.checks import compose, configuration, images, links, scripts, secrets, workflows

Check = Callable[[Path], list[str]]
CHECKS: dict[str, Check] = {
    "images": images.check,
    "scripts": scripts.check,
    "workflows": workflows.check,
    "configuration": configuration.check,
    "compose": compose.check,
    "links": links.check,
    "secrets": secrets.check,
}
REPOSITORY = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run the named checks, or all; 0 when none found anything."""
    parser = argparse.ArgumentParser(prog="python -m local.checks", description=__doc__)
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="directory to check (default: the repository)")
    parser.add_argument("checks", nargs="*", metavar="CHECK", choices=[[], *CHECKS], help=f"of {', '.join(CHECKS)}")
    options = parser.parse_args(arguments)
    found = 0
    for name in options.checks or CHECKS:
        problems = CHECKS[name](options.root.resolve())
        found += len(problems)
        print(f"{name}: {f'{len(problems)} problems' if problems else 'ok'}", flush=True)
        for problem in problems:
            print(f"  {problem}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
