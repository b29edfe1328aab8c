"""Files go to workers by their measured time."""

from tests.dealing import choose, known_seconds

LEFT = {"tests/a/test_1.py": 10.0, "tests/a/test_2.py": 20.0, "tests/b/test_3.py": 25.0, "tests/b/d/test_4.py": 1.0}


def test_a_worker_begins_where_most_is_to_do_with_the_longest_file() -> None:
    assert choose(LEFT, None, []) == "tests/a/test_2.py"


def test_it_goes_where_no_other_is() -> None:
    assert choose(LEFT, None, ["tests/a"]) == "tests/b/test_3.py"
    assert choose(LEFT, None, ["tests/a", "tests/b"]) == "tests/a/test_2.py"


def test_it_stays_until_nothing_is_left_there() -> None:
    assert choose(LEFT, "tests/b", []) == "tests/b/test_3.py"  # though there is more to do elsewhere
    left = dict(LEFT)
    dealt = []
    here = "tests/b"
    while left:
        file = choose(left, here, ["tests/a"])
        dealt.append(file)
        del left[file]
        here = "/".join(file.split("/")[:2])
    assert dealt == ["tests/b/test_3.py", "tests/b/d/test_4.py", "tests/a/test_2.py", "tests/a/test_1.py"]


def test_a_file_that_was_never_measured_takes_what_the_tests_of_its_directory_take() -> None:
    held = {"tests/a/test_1.py": 10.0, "tests/a/test_2.py": 20.0, "tests/gone/test_0.py": 9.0}
    tests = {"tests/a/test_1.py": 2, "tests/a/test_2.py": 4, "tests/a/test_new.py": 3, "tests/new/test_x.py": 5}
    found = known_seconds(tests, held)
    assert found == {
        "tests/a/test_1.py": 10.0,
        "tests/a/test_2.py": 20.0,
        "tests/a/test_new.py": 15.0,
        "tests/new/test_x.py": 10.0,
    }
