"""The build of the marts: `build_marts` in a real Airflow beside a plain `dbt build` of the same models."""

import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console

from local.airflow_api import Run
from local.airflow_settings import read_settings
from local.benchmarks.benchmark import BenchmarkError, Row, Setting, left_out
from local.benchmarks.generated_warehouse import built_warehouse
from local.benchmarks.measured import Measured, run_measured
from local.benchmarks.parsing import import_all
from local.dbt_manifest import PROJECT, ensure_manifest
from local.demo import load
from local.loading import BUILD
from local.product import Product, client_environment, running_product
from local.progress import Display, Phases

REPETITIONS = 2
TARGET_TIMES = 3
TIMEOUT_SECONDS = 2 * 3600.0
POLL_SECONDS = 1.0


def run(setting: Setting) -> list[Row]:
    """Seconds of each, on marts that exist already, in turns on one warehouse and with the same profile.

    The tiny size has no Airflow, whose start alone takes longer than all the rest: every DAG file is imported, and a
    plain build runs on a shop that is built without it. The end-to-end tests take the times of a real run.

    Raises:
        BenchmarkError: a build failed, or did not build every model.
        LoadError: the data set could not be loaded.
    """
    folder = setting.folder("build")
    if setting.tiny:
        return _without_airflow(setting, folder)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    console = Console(highlight=False, soft_wrap=True)
    phases = Phases(console)
    with running_product(setting.dataset, setting.say, folder / "state") as product:
        load(product, phases, Display(console, phases), deadline)
        return measured(product, folder, REPETITIONS, setting.say, deadline)


def measured(product: Product, folder: Path, rounds: int, say: Callable[[str], None], deadline: float) -> list[Row]:
    """The same on a product whose data set is loaded and built; `deadline` is a moment of time.monotonic().

    Raises:
        BenchmarkError: a build failed, or did not build every model, or the time was over.
    """
    _wait_until_idle(product, deadline)
    environment = {
        **read_settings().for_stack(product.stack).environment(),
        **client_environment(product.stack, product.dataset, product.state),
        "AIRFLOW_HOME": str(folder / "airflow"),
    }
    runs: list[float] = []
    plain: list[Measured] = []
    for turn in range(rounds):
        runs.append(_airflow_build(product, deadline))
        plain.append(_plain_build(environment, folder))
        say(f"round {turn + 1} of {rounds}: {BUILD} {runs[-1]:.1f} s, dbt build {plain[-1].seconds:.1f} s")
    return [_report(product.dataset.id, runs, plain)]


def _without_airflow(setting: Setting, folder: Path) -> list[Row]:
    ensure_manifest(setting.say)
    setting.say("importing every DAG")
    import_all(setting.folder("parsing"))
    with built_warehouse(setting, "build", setting.dataset) as shop:
        setting.say("dbt build of all models")
        plain = _plain_build(shop.client_environment(), folder, without="test")
    return [
        left_out(f"{BUILD} beside dbt build of {plain.answer['models']} models", "an Airflow takes minutes to start")
    ]


def _report(dataset: str, runs: list[float], plain: list[Measured]) -> Row:
    seconds, plain_seconds = median(runs), median(build.seconds for build in plain)
    times = seconds / plain_seconds
    return Row(
        what=f"{BUILD} of {dataset}: {plain[-1].answer['models']} models, {plain[-1].answer['tests']} tests",
        figure=f"{seconds:.1f} s",
        compared_with=f"dbt build {plain_seconds:.1f} s: {times:.1f}×",
        target=f"≤ {TARGET_TIMES}×",
        reached=times <= TARGET_TIMES,
        details={"seconds": runs, "plain_seconds": [build.seconds for build in plain], "dataset": dataset},
    )


def _wait_until_idle(product: Product, deadline: float) -> None:
    """Return when no build runs or waits: two at once would measure each other."""
    while any(not run.is_finished for run in product.api.runs(BUILD)):
        _check(product, deadline)
        time.sleep(POLL_SECONDS)


def _airflow_build(product: Product, deadline: float) -> float:
    """Seconds of a run of the DAG, from its request to its end."""
    run = product.api.trigger(BUILD, f"benchmark_{datetime.now(UTC):%Y%m%dT%H%M%S}")
    while not run.is_finished:
        _check(product, deadline)
        time.sleep(POLL_SECONDS)
        run = product.api.run(run.dag_id, run.run_id) or run
    if run.state != "success":
        raise BenchmarkError(f"{BUILD} failed in {run.run_id}; task logs: {product.airflow.environment.task_logs}")
    return _seconds(run)


def _seconds(run: Run) -> float:
    if run.queued_at is None or run.ended_at is None:
        raise BenchmarkError(f"{run.dag_id} {run.run_id} has no times")
    return (run.ended_at - run.queued_at).total_seconds()


def _check(product: Product, deadline: float) -> None:
    product.check()
    if time.monotonic() > deadline:
        raise BenchmarkError(f"the builds were not done within {TIMEOUT_SECONDS / 3600:.0f} hours")


def _plain_build(environment: Mapping[str, str], folder: Path, without: str = "") -> Measured:
    target = folder / "target"
    target.mkdir(exist_ok=True)
    # The tasks start from the set-up's parse; so does the plain build.
    shutil.copyfile(PROJECT / "target" / "partial_parse.msgpack", target / "partial_parse.msgpack")
    places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(folder / "logs")}
    return run_measured(
        "local.benchmarks.plain_build", {"target": str(target), "without": without}, folder, {**environment, **places}
    )
