"""The task that runs `dbt build` for all others: it tells them what they wait for, and nothing that nobody reads."""

from collections.abc import Callable
from typing import Any

from cosmos.operators.local import DbtLocalBaseOperator
from cosmos.operators.watcher import DbtProducerWatcherOperator

from include import lineage

_RESULT_LINES = frozenset({"LogModelResult", "LogSeedResult"})


class TersePublisher(DbtLocalBaseOperator):
    """Lets those of dbt's events through to Cosmos that tell an outcome or that dbt itself would print."""

    _dbt_runner_callbacks: list[Callable[[Any], None]] | None

    def run_dbt_runner(self, command: list[str], env: dict[str, str], cwd: str, **kwargs: Any) -> Any:
        """Run dbt in this process; Cosmos's callbacks hear of outcomes only."""
        callbacks = self._dbt_runner_callbacks or []

        def tell(event: Any) -> None:
            if told := _told(event):
                for callback in callbacks:
                    callback(event)
            elif told is None:
                self.log.info("%s", event.info.msg)

        self._dbt_runner_callbacks = [tell]
        return super().run_dbt_runner(command, env, cwd, **kwargs)


class BuildProducer(DbtProducerWatcherOperator, TersePublisher):
    """Cosmos's producer, that pushes an outcome once: each push is a request that dbt's threads wait for."""

    def execute(self, context: Any, **kwargs: Any) -> Any:
        """Build; a test counts for the model it is declared on, not for every other that it reads, too."""
        self.tests_per_model = lineage.tests_by_model()
        return super().execute(context, **kwargs)


def _told(event: Any) -> bool | None:
    """Whether an event tells an outcome; None when it only repeats one and is a line of the log."""
    name, node_type = event.info.name, _resource_type(event)
    if name == "NodeFinished":
        return node_type != "test"  # LogTestResult tells a test's, with nothing that nobody reads
    if name in _RESULT_LINES:
        return None
    return event.info.level != "debug"


def _resource_type(event: Any) -> str:
    return getattr(getattr(event.data, "node_info", None), "resource_type", "")
