"""Stacks that are filled once a run of pytest: what a stack holds is files, of which each worker takes a copy."""

import fcntl
import functools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from snowflake.connector.auth import keypair

from local.airflow_settings import read_settings
from local.stack import Stack, start_stack, stop_stack

VARIABLE = "STACKS_OF_TESTS"
TRUSTING = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
Fill = Callable[[Stack], None]


@contextmanager
def running_stack(name: str, dataset: str, fill: Fill, factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack on free ports that `fill` has filled, in this worker or in another one that came first.

    Airflow connections to it, and LOCAL_STATE, stand in the environment meanwhile.
    """
    held = _held(name, dataset, fill, factory)
    with folder() as state:
        if held:
            _copy(held, state)
        with _connected(state, dataset) as stack:
            if not held:
                fill(stack)
            yield stack


def shared(factory: pytest.TempPathFactory) -> Path | None:
    """Where the workers of this run keep filled stacks; None without workers: nobody would take a copy."""
    return factory.getbasetemp().parent / "stacks" if "PYTEST_XDIST_WORKER" in os.environ else None


def _held(name: str, dataset: str, fill: Fill, factory: pytest.TempPathFactory) -> Path | None:
    """The filled stack to copy. A run of pytest within another one takes up what that has filled, and adds nothing."""
    if outer := os.environ.get(VARIABLE):
        return Path(outer, name) if Path(outer, f"{name}.whole").exists() else None
    stacks = shared(factory)
    return _filled(stacks / name, dataset, fill) if stacks else None


@contextmanager
def folder() -> Iterator[Path]:
    """A directory for a stack.

    Not below pytest's own directory, which each run of pytest closes to PostgreSQL's system user again.
    """
    with tempfile.TemporaryDirectory(prefix="stack-") as name:
        yield Path(name).resolve()


def _filled(state: Path, dataset: str, fill: Fill) -> Path:
    """A directory as a filled stack has left it. The first worker to ask fills it, others wait for that."""
    state.mkdir(parents=True, exist_ok=True)
    whole = state.with_suffix(".whole")
    with state.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            with folder() as made:
                with _connected(made, dataset) as stack:
                    fill(stack)
                _copy(made, state)
            whole.touch()
    return state


def _copy(source: Path, target: Path) -> None:
    # Owners and times as they are: PostgreSQL's files are its user's, and by the times of a data set one sees that its
    # rows are loaded.
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


@contextmanager
def _connected(state: Path, dataset: str) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_PORT_BASE", "0")
        patch.setenv("LOCAL_STATE", str(state))
        stack = start_stack(dataset, state=state)
        try:
            _read_keys_once(patch)
            trusted = dict.fromkeys(TRUSTING, str(authority(stack.ca_file, state)))
            for name, value in (stack.environment() | read_settings().for_stack(stack).environment() | trusted).items():
                patch.setenv(name, value)
            yield stack
        finally:
            stop_stack(state)


def authority(bundle: Path, place: Path) -> Path:
    """The stack's own authority, which ends the bundle; the public ones take each connection its time to be read."""
    begin = "-----BEGIN CERTIFICATE-----"
    file = place / "authority.pem"
    file.write_text(begin + bundle.read_text().rpartition(begin)[2])
    return file


def _read_keys_once(patch: pytest.MonkeyPatch) -> None:
    """The one key that signs in is read and checked once: each time takes half of what a session costs."""
    for module, name in ((serialization, "load_pem_private_key"), (keypair, "load_der_private_key")):
        patch.setattr(module, name, functools.cache(getattr(module, name)))
