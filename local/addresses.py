"""Where the stand-ins listen, and by which name their clients reach them."""

import os

HOST_VARIABLE = "LOCAL_HOST"
LOOPBACK = "127.0.0.1"


def client_host() -> str | None:
    """The name by which other machines or containers reach the stack (LOCAL_HOST); None when it is for this one."""
    return os.environ.get(HOST_VARIABLE) or None


def listen_address() -> str:
    """The address to bind: the loopback one, unless LOCAL_HOST names the stack for others; then all of them."""
    return "0.0.0.0" if client_host() else LOOPBACK
