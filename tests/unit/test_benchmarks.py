"""The benchmarks tell what was measured, also what falls short, and never a figure of work that was not done."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.benchmarks import __main__ as benchmarks
from local.benchmarks import extraction
from local.benchmarks.benchmark import BenchmarkError, Row, Setting
from local.benchmarks.extraction import Contestant, Place, Runs
from local.benchmarks.measured import Measured, run_measured

MEASURES = "from local.benchmarks.measured import measure\n"
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


def _answering(monkeypatch: pytest.MonkeyPatch, **answers: Row | Exception) -> None:
    """Replace the benchmarks by these, which give a row or raise."""

    def module(name: str) -> SimpleNamespace:
        def run(setting: Setting) -> list[Row]:
            answer = answers[name]
            if isinstance(answer, Exception):
                raise answer
            return [answer]

        return SimpleNamespace(run=run)

    monkeypatch.setattr(benchmarks, "BENCHMARKS", {name: name for name in answers})
    monkeypatch.setattr(benchmarks, "import_module", module)


def test_falling_short_is_printed_and_is_no_error(state, monkeypatch, capsys):
    _answering(monkeypatch, extraction=FALLS_SHORT)
    assert benchmarks.main([]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "10 rows/s" in line]
    assert line.split()[-1] == "no"


def test_what_could_not_run_is_an_error_and_the_others_are_reported(state, monkeypatch, capsys):
    _answering(monkeypatch, parse=BenchmarkError("no Airflow"), extraction=FALLS_SHORT)
    assert benchmarks.main([]) == 1
    printed = capsys.readouterr().out
    assert "parse could not be measured" in printed
    assert "no Airflow" in printed
    assert "10 rows/s" in printed
    [file] = (state / "bench").glob("*.json")
    held = json.loads(file.read_text())
    assert [row["reached"] for row in held["rows"]] == [False]
    assert list(held["failed"]) == ["parse"]


def test_an_unknown_benchmark_is_refused(state, capsys):
    with pytest.raises(SystemExit):
        benchmarks.main(["--only", "speed"])
    assert "choose among parse, extraction, build" in capsys.readouterr().err
