"""DuckDB's errors as the Snowflake errors a client knows how to read."""

import re

import duckdb
from snowflake.connector.errors import Error, ProgrammingError
from sqlglot.errors import SqlglotError

# DuckDB error → (Snowflake error number, SQL state), the most specific first.
CODES: list[tuple[type[Exception], int, str]] = [
    (duckdb.BinderException, 904, "42000"),
    (duckdb.ParserException, 1003, "42000"),
    (duckdb.SyntaxException, 1003, "42000"),
    (duckdb.CatalogException, 2003, "42S02"),
    (duckdb.ConstraintException, 100072, "22000"),
    (duckdb.ConversionException, 100035, "22007"),
    (duckdb.OutOfRangeException, 100039, "22003"),
    (duckdb.TransactionException, 625, "57014"),
    (duckdb.InterruptException, 604, "57014"),
    (duckdb.NotImplementedException, 2, "0A000"),
    (duckdb.InvalidInputException, 100132, "22000"),
    (duckdb.IOException, 91016, "22000"),
    (duckdb.Error, 603, "58000"),
]
MISSING_OBJECT = re.compile(r"(Table|View|Schema) with name \"?([^\s\"!]+)\"? does not exist")
SYNTAX_ERROR = 1003
UNKNOWN_COLUMN = re.compile(r"Referenced (?:column|table) \"([^\"]+)\" not found")
DUPLICATE_MERGE_ROW = "cannot affect the same target row more than once"


def as_snowflake_error(error: Exception) -> Error:
    """Return `error` as the connector's own exception; an unknown one becomes an internal error, 300002."""
    if isinstance(error, Error):
        # fakesnow has turned some of DuckDB's errors into its own, which name DuckDB's things.
        if isinstance(error.__cause__, duckdb.Error):
            return as_snowflake_error(error.__cause__)
        if error.errno == SYNTAX_ERROR and "compilation error" not in str(error.raw_msg):
            error.raw_msg = f"SQL compilation error:\nsyntax error: {error.raw_msg}"
        return error
    # What follows is DuckDB's SQL, which the client did not write, and all that DuckDB could have done instead.
    message = str(error).split("\n\nLINE ")[0].split("\n\tCandidate ")[0]
    if unknown := UNKNOWN_COLUMN.search(message):
        message = f"SQL compilation error:\ninvalid identifier '{unknown[1]}' ({message})"
    if isinstance(error, duckdb.CatalogException) and (missing := MISSING_OBJECT.search(message)):
        what = f"{'Schema' if missing[1] == 'Schema' else 'Object'} '{missing[2].upper()}'"
        message = f"SQL compilation error:\n{what} does not exist or not authorized."
        return ProgrammingError(msg=message, errno=2003, sqlstate="42S02")
    if DUPLICATE_MERGE_ROW in message:
        return ProgrammingError(
            msg=f"Duplicate row detected during DML action. {message}", errno=100090, sqlstate="42P18"
        )
    if isinstance(error, SqlglotError):
        plain = message.replace("\x1b[4m", "").replace("\x1b[0m", "")
        return ProgrammingError(msg=f"SQL compilation error:\n{plain}", errno=1003, sqlstate="42000")
    if isinstance(error, NotImplementedError):
        return ProgrammingError(msg=f"{message} is not supported by the local stand-in", errno=2, sqlstate="0A000")
    for kind, number, state in CODES:
        if isinstance(error, kind):
            return ProgrammingError(msg=message, errno=number, sqlstate=state)
    return ProgrammingError(msg=f"{type(error).__name__}: {message}", errno=300002, sqlstate="XX000")
