"""Statements that the stand-in answers itself: account objects, grants, policies and session settings."""

import re

from fakesnow.expr import normalise_ident
from sqlglot import Expr, exp

COMMENT = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/|//[^\n]*(?:\n|$))", re.DOTALL)

ACCOUNT_OBJECTS = (
    r"(?:WAREHOUSE|ROLE|DATABASE\s+ROLE|USER|STORAGE\s+INTEGRATION|NOTIFICATION\s+INTEGRATION|API\s+INTEGRATION|"
    r"SECURITY\s+INTEGRATION|MASKING\s+POLICY|ROW\s+ACCESS\s+POLICY|NETWORK\s+POLICY|PASSWORD\s+POLICY|"
    r"SESSION\s+POLICY|AGGREGATION\s+POLICY|RESOURCE\s+MONITOR|TAG|ACCOUNT)"
)
MODIFIERS = r"(?:OR\s+REPLACE\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
ACCEPTED = re.compile(
    rf"""
    (?:GRANT|REVOKE)\s
    | (?:CREATE|ALTER|DROP)\s+{MODIFIERS}{ACCOUNT_OBJECTS}\b
    | COMMENT\s+(?:IF\s+EXISTS\s+)?ON\s+{ACCOUNT_OBJECTS}\b
    | ALTER\s+(?:TABLE|VIEW)\s.*\b
      (?:MASKING\s+POLICY|ROW\s+ACCESS\s+POLICY|SEARCH\s+OPTIMIZATION|SET\s+TAG|UNSET\s+TAG)\b
    | ALTER\s+(?:TABLE|VIEW|DATABASE|SCHEMA)\s+(?:IF\s+EXISTS\s+)?\S+\s+(?:SET|UNSET)\s+
      (?:DATA_RETENTION_TIME_IN_DAYS|CHANGE_TRACKING|MAX_DATA_EXTENSION_TIME_IN_DAYS|DEFAULT_DDL_COLLATION|SECURE)\b
    | ALTER\s+SESSION\s+(?:SET|UNSET)\s+(?!AUTOCOMMIT\b)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
USE = re.compile(r"USE\s+(ROLE|WAREHOUSE|SECONDARY\s+ROLES)\s+(\"[^\"]+\"|[\w$]+)\s*;?\s*$", re.IGNORECASE)
SESSION_PARAMETER = re.compile(r"(\w+)\s*=\s*('(?:[^']|'')*'|[^\s,;]+)")
LOCKING = (exp.Update, exp.Delete, exp.Merge, exp.Alter, exp.Insert, exp.Copy)


def without_leading_comments(sql: str) -> str:
    """The statement from its first word: clients put comments before it (dbt its query comment)."""
    position = 0
    while match := COMMENT.match(sql, position):
        position = match.end()
    return sql[position:].strip()


def use_target(sql: str) -> tuple[str, str] | None:
    """('ROLE' | 'WAREHOUSE' | 'SECONDARY ROLES', name) of a USE statement that names no schema."""
    match = USE.match(sql)
    return (re.sub(r"\s+", " ", match[1]).upper(), normalise_ident(match[2])) if match else None


def session_parameters(sql: str) -> dict[str, str] | None:
    """Settings of ALTER SESSION SET; an empty dict for UNSET, None for any other statement."""
    match = re.match(r"ALTER\s+SESSION\s+(SET|UNSET)\s+(.*)", sql, re.IGNORECASE | re.DOTALL)
    if not match:
        return None
    if match[1].upper() == "UNSET":
        return {}
    return {name.upper(): value.strip("'") for name, value in SESSION_PARAMETER.findall(match[2])}


def is_accepted_unseen(sql: str) -> bool:
    """Whether the statement concerns only what a DuckDB file has no notion of (grants, policies, warehouses)."""
    return ACCEPTED.match(sql) is not None


def is_ddl(expression: Expr) -> bool:
    """Whether Snowflake would commit the open transaction before this statement."""
    return isinstance(expression, (exp.Create, exp.Drop, exp.Alter, exp.Comment))


def locked_table(expression: Expr) -> exp.Table | None:
    """The table whose lock the statement needs until its transaction ends; plain INSERTs need none."""
    if isinstance(expression, exp.Insert) and not expression.args.get("overwrite"):
        return None
    changes_table = (
        isinstance(expression, (exp.Create, exp.Drop)) and str(expression.args.get("kind")).upper() == "TABLE"
    )
    if isinstance(expression, exp.TruncateTable):
        target = expression.expressions[0] if expression.expressions else None
    elif changes_table or isinstance(expression, LOCKING):
        target = expression.this
    else:
        return None
    if isinstance(target, exp.Schema):
        target = target.this
    return target if isinstance(target, exp.Table) else None


def made_or_dropped(expression: Expr) -> list[exp.Table]:
    """The tables that CREATE TABLE makes or DROP TABLE drops; none for any other statement."""
    if not isinstance(expression, (exp.Create, exp.Drop)) or str(expression.args.get("kind")).upper() != "TABLE":
        return []
    target = expression.this.this if isinstance(expression.this, exp.Schema) else expression.this
    return [table for table in (target, *expression.args.get("tables", ())) if isinstance(table, exp.Table)]
