"""What may leave the warehouse in an alert: no secrets, no personal data, nothing endless."""

import re
from functools import cache

EXCEPTION_LENGTH = 300
READ_LENGTH = 2_000  # no more of a text is looked at: an exception may carry a whole file

_SECRET_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[ _-]?key|private[ _-]?key|access[ _-]?key(?:[ _-]?id)?|"
    r"authorization|credentials?|session[ _-]?id|client[ _-]?secret|signature|sig"
)
_MASKS = tuple(
    (re.compile(pattern, flags), mask)
    for pattern, mask, flags in (
        (r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|$)", "[secret]", re.DOTALL),
        (r"(?<=://)[^\s/@]+@", "[secret]@", 0),
        (r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", "[e-mail]", 0),
        (r"https?://hooks\.slack\.com/\S+|/services/T\w+/B\w+/\w+", "[secret]", 0),
        (r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", r"\1 [secret]", re.IGNORECASE),
        (rf"(\w*(?:{_SECRET_NAMES}))(['\"]?\s*[:=]\s*)['\"]?(?!\[secret\]|Bearer |Basic )[^\s'\",;&)]+['\"]?",
         r"\1\2[secret]", re.IGNORECASE),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bxox[a-z]-[\w-]+|\bgh[a-z]_\w{16,}", "[secret]", 0),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "[secret]", 0),
        (r"\b[0-9a-fA-F]{32,}\b", "[secret]", 0),
        (r"(?=[\w+/]*[a-z])(?=[\w+/]*[A-Z])(?=[\w+/]*\d)\b[A-Za-z0-9+/]{32,}={0,2}", "[secret]", 0),
    )
)  # fmt: skip
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`\n]*)`|(?<==)\(([^()\n]*)\)")
# The day in the name of an export table is no number of a person.
_LONG_NUMBER = re.compile(r"\b(?P<table>events_\d{8})\b|\+?\d(?:[\s()./-]{0,2}\d){6,}")


def masked(text: str) -> str:
    """The beginning of a text, without e-mail addresses and without what looks like a key, token or password."""
    text = text[:READ_LENGTH]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def cut(text: str, length: int) -> str:
    """The text, at most `length` characters of it."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def described(error: object, personal: bool) -> str:
    """What an exception may say: its class, and its message where that is safe to read.

    A library's message may hold a row of data. So values in quotes and long numbers are masked too, except the
    names of tables and columns of the contracts; and where the failed step handles `personal` data, the class stands
    alone: a parser may print a whole row.
    """
    if not isinstance(error, BaseException):
        return "The task's process ended without an exception of its own"
    name = type(error).__name__
    message = " ".join(str(error)[:READ_LENGTH].split())
    if personal or not message:
        return name
    shown = _LONG_NUMBER.sub(_table_or_nothing, _QUOTED.sub(_name_or_nothing, masked(message)))
    return f"{name}: {cut(shown, EXCEPTION_LENGTH)}"


def _table_or_nothing(number: re.Match[str]) -> str:
    return number["table"] or "[number]"


def _name_or_nothing(quoted: re.Match[str]) -> str:
    value = next((group for group in quoted.groups() if group is not None), "")
    return quoted.group() if value.lower() in _known_names() else "[value]"


@cache
def _known_names() -> frozenset[str]:
    """Tables and columns: what an exception may name."""
    from include.contracts import all_contracts

    contracts = all_contracts()
    return frozenset(
        {agreed.table for agreed in contracts}
        | {agreed.target for agreed in contracts}
        | {column for agreed in contracts for column in agreed.column_names}
    )
