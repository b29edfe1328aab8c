"""The stacks that benchmarks run on: one each, or at the tiny size one for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.benchmarks.benchmark import TINY_DATASET, Setting
from local.stack import Stack, start_stack, stop_stack

ANY_DATASET = "simulated:customers=60,days=14"  # a stack serves one; its rows need not be loaded
_SHARED = "shared"


@contextmanager
def benchmark_stack(setting: Setting, benchmark: str, dataset: str = ANY_DATASET) -> Iterator[Stack]:
    """A new stack in the benchmark's folder, removed at the end; at the tiny size the shared one, as others left it."""
    state = state_of(setting, benchmark)
    if setting.tiny:
        yield start_stack(TINY_DATASET, state)
        return
    stop_stack(state, wipe=True)
    try:
        yield start_stack(dataset, state)
    finally:
        stop_stack(state, wipe=True)


@contextmanager
def shared_stack(setting: Setting) -> Iterator[None]:
    """While tiny benchmarks run: the stack that they share is new, and removed at the end."""
    state = state_of(setting, _SHARED)
    stop_stack(state, wipe=True)
    try:
        yield
    finally:
        stop_stack(state, wipe=True)


def state_of(setting: Setting, benchmark: str) -> Path:
    """The state directory of the stack that a benchmark runs on."""
    return setting.folder(_SHARED if setting.tiny else benchmark) / "state"
