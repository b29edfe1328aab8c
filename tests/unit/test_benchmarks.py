"""The benchmarks tell what was measured, also what falls short, and never a figure of work that was not done."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.benchmarks import __main__ as benchmarks
from local.benchmarks import api_shop, durations, extraction
from local.benchmarks.benchmark import BenchmarkError, Row, Setting
from local.benchmarks.environments import python_with
from local.benchmarks.extraction import Contestant, Place, Runs
from local.benchmarks.measured import Measured, run_measured

MEASURES = "from local.benchmarks.measured import measure\n"
TRIED = Row("extraction", "tried")
FALLS_SHORT = Row("extraction", "10 rows/s", "another 20 rows/s: 0.5×", "≥ 5×", False)


@pytest.fixture
def measured_module(tmp_path: Path):
    """Run a module of this source in a process of its own."""

    def run(source: str) -> Measured:
        (tmp_path / "measured_work.py").write_text(MEASURES + source)
        return run_measured("measured_work", {"count": 3}, tmp_path, {"PYTHONPATH": str(tmp_path)})

    return run


def test_work_answers_what_its_task_asked(measured_module):
    measured = measured_module("measure(lambda task: task['count'] * 2)")
    assert measured.answer == 6
    assert measured.seconds >= 0


def test_the_memory_of_the_starting_process_does_not_count(measured_module):
    held = bytearray(b"x") * 300_000_000
    measured = measured_module("measure(lambda task: None)")
    assert len(held) == 300_000_000
    assert measured.peak_bytes < 100_000_000


def test_the_memory_that_the_work_gave_back_counts(measured_module):
    measured = measured_module("measure(lambda task: len(bytearray(b'x') * 200_000_000))")
    assert measured.peak_bytes > 200_000_000


def test_failing_work_is_no_figure(measured_module):
    with pytest.raises(BenchmarkError, match="ZeroDivisionError"):
        measured_module("measure(lambda task: 1 / 0)")


@pytest.fixture
def place(monkeypatch, tmp_path) -> Place:
    """A place to extract to, whose S3 is never reached."""
    monkeypatch.setattr(Place, "environment", {})
    monkeypatch.setattr(Place, "_remove", lambda *_: None)
    return Place(SimpleNamespace(endpoints={"s3": {}}), SimpleNamespace(rows=100), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("found", [99, 101, 0])
def test_another_number_of_rows_on_s3_is_an_error(found, place, monkeypatch):
    contestant = Contestant("another", "another.module", rows=100, prefix="another/", task={})
    monkeypatch.setattr(extraction, "run_measured", lambda *_: Measured(1.0, 1))
    monkeypatch.setattr(Place, "_rows", lambda *_: found)
    with pytest.raises(BenchmarkError, match=f"another left {found} rows on S3 instead of 100"):
        place.run(contestant)


def test_the_median_rate_and_the_largest_peak_are_reported():
    contestant = Contestant("another", "another.module", rows=100, prefix="another/", task={})
    runs = Runs(contestant, [Measured(1.0, 10), Measured(4.0, 30), Measured(2.0, 20)])
    assert runs.rate == 50
    assert runs.peak_bytes == 30


@pytest.mark.parametrize(
    ("rows_per_second", "peak_bytes", "reached"),
    [
        ((50, 50, 10), (300, 300), [True, True, True]),
        ((49, 49, 10), (400, 400), [False, False, True]),
        ((50, 50, 10), (331, 300), [True, True, False]),
    ],
)
def test_a_target_is_reached_or_not(rows_per_second, peak_bytes, reached):
    product, part, operator = (
        Runs(Contestant(name, name, rows=100, prefix=name, task={}), [Measured(100 / rate, peak * 1_000_000)])
        for name, rate, peak in zip(("product", "part", "operator"), rows_per_second, (*peak_bytes, 500), strict=True)
    )
    assert [row.reached for row in extraction._report(product, part, operator, [])] == reached


@pytest.fixture
def state(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("LOCAL_STATE", str(tmp_path))
    for name in benchmarks.ANY_FREE_PORTS:
        monkeypatch.setenv(name, "0")
    return tmp_path


@dataclass
class Asked:
    """The benchmarks that were run, in turn, each with the size."""

    runs: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """A benchmark that gives a row, or raises at one size."""

    tiny: Row | Exception = TRIED
    full: Row | Exception = FALLS_SHORT


def _answering(monkeypatch: pytest.MonkeyPatch, **answers: Answer) -> Asked:
    """Replace the benchmarks by these."""
    asked = Asked()

    def module(name: str) -> SimpleNamespace:
        def run(setting: Setting) -> list[Row]:
            asked.runs.append((name, setting.size("full", "tiny")))
            answer = setting.size(answers[name].full, answers[name].tiny)
            if isinstance(answer, Exception):
                raise answer
            return [answer]

        return SimpleNamespace(run=run)

    monkeypatch.setattr(benchmarks, "BENCHMARKS", {name: name for name in answers})
    monkeypatch.setattr(benchmarks, "import_module", module)
    return asked


def _reports(state: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in (state / "bench").glob("*.json")]


def test_falling_short_is_printed_and_is_no_error(state, monkeypatch, capsys):
    _answering(monkeypatch, extraction=Answer())
    assert benchmarks.main([]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "10 rows/s" in line]
    assert line.split()[-1] == "no"


def test_what_could_not_run_is_an_error_and_the_others_are_reported(state, monkeypatch, capsys):
    _answering(monkeypatch, parse=Answer(full=BenchmarkError("no Airflow")), extraction=Answer())
    assert benchmarks.main([]) == 1
    printed = capsys.readouterr().out
    assert "parse could not be measured" in printed
    assert "no Airflow" in printed
    assert "10 rows/s" in printed
    [held] = _reports(state)
    assert [row["reached"] for row in held["rows"]] == [False]
    assert list(held["failed"]) == ["parse"]


def test_all_are_tried_before_the_first_is_measured(state, monkeypatch):
    asked = _answering(monkeypatch, parse=Answer(), extraction=Answer())
    assert benchmarks.main([]) == 0
    assert asked.runs == [("parse", "tiny"), ("extraction", "tiny"), ("parse", "full"), ("extraction", "full")]


def test_one_that_does_not_run_stops_all_at_once_and_is_named(state, monkeypatch, capsys):
    asked = _answering(monkeypatch, parse=Answer(tiny=ValueError("16 columns, not 17")), extraction=Answer())
    assert benchmarks.main([]) == 1
    assert asked.runs == [("parse", "tiny")]
    printed = capsys.readouterr().out
    assert "error: parse does not run: ValueError: 16 columns, not 17" in printed
    assert "KEEP_GOING=1" in printed
    assert "16 columns, not 17" in (state / "bench" / "tiny" / "parse" / "error.txt").read_text()
    assert _reports(state) == []


def test_keep_going_measures_those_that_run(state, monkeypatch, capsys):
    asked = _answering(monkeypatch, parse=Answer(tiny=ValueError("16 columns")), extraction=Answer())
    assert benchmarks.main(["--keep-going"]) == 1
    assert asked.runs == [("parse", "tiny"), ("extraction", "tiny"), ("extraction", "full")]
    assert "parse could not be measured: ValueError: 16 columns" in capsys.readouterr().out
    [held] = _reports(state)
    assert list(held["failed"]) == ["parse"]


def test_only_those_asked_for_are_tried(state, monkeypatch):
    asked = _answering(monkeypatch, parse=Answer(tiny=ValueError("broken")), extraction=Answer())
    assert benchmarks.main(["--only", "extraction"]) == 0
    assert {name for name, _ in asked.runs} == {"extraction"}


def test_the_tiny_size_alone_measures_nothing(state, monkeypatch, capsys):
    asked = _answering(monkeypatch, parse=Answer(tiny=BenchmarkError("broken")), extraction=Answer())
    assert benchmarks.main(["--tiny"]) == 1
    assert asked.runs == [("parse", "tiny"), ("extraction", "tiny")]
    assert "parse could not be measured: BenchmarkError: broken" in capsys.readouterr().out
    assert _reports(state) == []


def test_the_last_report_says_how_long_it_takes(state, monkeypatch):
    monkeypatch.setattr(durations, "SECONDS", {"parse": 100, "extraction": 200})
    _answering(monkeypatch, parse=Answer(), extraction=Answer())
    asked = Setting(state / "bench", rows=10)
    assert durations.expected(["parse", "extraction"], asked) == 300
    assert benchmarks.main(["--only", "parse", "--rows", "10"]) == 0
    assert durations.expected(["parse", "extraction"], asked) < 201
    assert durations.expected(["parse", "extraction"], replace(asked, rows=11)) == 300


def test_every_benchmark_has_a_usual_time():
    assert set(durations.SECONDS) == set(benchmarks.BENCHMARKS)


@pytest.mark.parametrize(("seconds", "said"), [(20, "20 s"), (50, "a minute"), (95, "2 minutes"), (1300, "22 minutes")])
def test_times_to_come_are_told_in_words(seconds, said):
    assert durations.spoken(seconds) == said


def test_an_unknown_benchmark_is_refused(state, capsys):
    with pytest.raises(SystemExit):
        benchmarks.main(["--only", "speed"])
    assert "choose among parse, extraction, affinity" in capsys.readouterr().err


def test_nothing_is_installed_for_the_tiny_size_alone(tmp_path):
    requirements = tmp_path / "dlt-requirements.txt"
    requirements.write_text("no-such-package==0")
    assert python_with(requirements, Setting(tmp_path).at_tiny_size(installs=False)) is None
    assert list(tmp_path.iterdir()) == [requirements]


def test_what_is_installed_serves_every_size(tmp_path):
    requirements = tmp_path / "dlt-requirements.txt"
    requirements.write_text("dlt==1")
    full = Setting(tmp_path)
    environment = full.environments / "dlt-venv"
    environment.mkdir()
    (environment / "installed.txt").write_text("dlt==1")
    python = str(environment / "bin" / "python")
    assert [python_with(requirements, each) for each in (full, full.at_tiny_size(installs=True))] == [python, python]


def test_the_shop_of_marts_is_built_on_the_stack_named(monkeypatch, tmp_path):
    built = []
    monkeypatch.setattr(api_shop.Stack, "read", lambda state: f"stack in {state}")
    monkeypatch.setattr(api_shop, "build_shop", lambda *given: built.append(given))
    api_shop.build({"state": str(tmp_path / "state"), "folder": str(tmp_path)})
    assert built == [(f"stack in {tmp_path / 'state'}", tmp_path)]
