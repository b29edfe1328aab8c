"""Files go to workers by their measured time."""

import json

from local.stack import REPOSITORY
from tests.dealing import choose, known_seconds

LEFT = {"tests/a/test_1.py": 10.0, "tests/a/test_2.py": 20.0, "tests/b/test_3.py": 25.0, "tests/b/d/test_4.py": 1.0}


def test_a_worker_begins_where_most_is_to_do_with_the_longest_file() -> None:
    assert choose(LEFT, None, []) == "tests/a/test_2.py"


def test_it_goes_where_no_other_is() -> None:
    assert choose(LEFT, None, ["tests/a"]) == "tests/b/test_3.py"
    assert choose(LEFT, None, ["tests/a", "tests/b"]) == "tests/a/test_2.py"


def test_it_stays_until_nothing_is_left_there() -> None:
    left = dict(LEFT)
    dealt = []
    here = "tests/b"
    while left:
        file = choose(left, here, ["tests/a"])
        dealt.append(file)
        del left[file]
        here = "/".join(file.split("/")[:2])
    assert dealt == ["tests/b/test_3.py", "tests/b/d/test_4.py", "tests/a/test_2.py", "tests/a/test_1.py"]


def test_a_file_that_was_never_measured_takes_what_others_of_its_directory_take() -> None:
    held = {"tests/a/test_1.py": 10.0, "tests/a/test_2.py": 20.0, "tests/gone/test_0.py": 9.0}
    found = known_seconds(["tests/a/test_2.py", "tests/a/test_new.py", "tests/new/test_x.py"], held)
    assert found == {"tests/a/test_2.py": 20.0, "tests/a/test_new.py": 15.0, "tests/new/test_x.py": 5.0}


def test_most_files_have_been_measured() -> None:
    """Those added since are few: `make test-times` measures them."""
    held = json.loads((REPOSITORY / "tests" / "durations.json").read_text())
    folders = ("unit", "dags", "standins", "pipeline", "api", "chaos")
    files = [path for folder in folders for path in (REPOSITORY / "tests" / folder).rglob("test_*.py")]
    known = [path for path in files if str(path.relative_to(REPOSITORY)) in held]
    assert len(known) > 0.8 * len(files)
