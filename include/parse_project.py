"""Parse the dbt project once, as the tasks will run it: Cosmos renders the manifest, and no task parses it again.

    python -m include.parse_project           # with the Airflow connection `warehouse`
    python -m include.parse_project --mock    # without one, e.g. while an image is built

dbt reuses an earlier parse only under the same profile, target and connection, so the profile is Cosmos's own.
"""

import os
import subprocess
import sys

from include.config import DBT_DIR
from include.transform import PROFILE


def main(arguments: list[str]) -> int:
    """Run `dbt parse`; its output and its exit code are this command's."""
    with PROFILE.ensure_profile(use_mock_values="--mock" in arguments) as (profile, secrets):
        command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "parse"]
        places = ["--project-dir", str(DBT_DIR), "--profiles-dir", str(profile.parent)]
        names = ["--profile", PROFILE.profile_name, "--target", PROFILE.target_name]
        environment = os.environ | secrets | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
        return subprocess.run([*command, *places, *names], cwd=DBT_DIR, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
