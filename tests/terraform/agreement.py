"""Whether terraform/ agrees with the rest of the project: names, connections, and what each role's SQL needs.

Each check takes the folder of Terraform and returns what it found wrong, one text each.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.terraform.configuration import REPOSITORY, TERRAFORM, Found, arguments, blocks, local_values

SQL = REPOSITORY / "include" / "sql"
DBT = REPOSITORY / "include" / "dbt"
SHARED = "SNOWFLAKE"  # the account's own database: its views are opened by a database role, docs/production.md says how
LOOKER = REPOSITORY / "include" / "looker"
# SQL that the REST API runs, with the connections warehouse_reader and warehouse_pii_reader; LOADER runs all other.
READER_SQL = (*sorted((SQL / "serve").glob("*.sql")), SQL / "keys" / "active.sql")
PII_READER_SQL = (SQL / "serve" / "personal_data.sql",)
_SCHEMAS = "raw|quarantine|staging|intermediate|marts|analytics|audit|pii"
_READ = re.compile(
    rf"\b(?:from|join)\s+(?:(?:\{{\{{ database \}}\}}|@\{{DATABASE\}})\.)?({_SCHEMAS})\.(\w+|\{{\{{ \w+ \}}\}})", re.I
)

Privileges = dict[str, dict[str, Any]]


def names(root: Path) -> list[str]:
    """Names that differ from those of the stand-in and of the pipeline's SQL."""
    module = root / "modules" / "snowflake"
    stand_in = (REPOSITORY / "local" / "snowflake" / "account.sql").read_text()
    stage, file_format = _one(module, "snowflake_stage"), _one(module, "snowflake_file_format")
    default = next(block for block in blocks(module, "variable") if block.name == "database")
    compared = {
        "database": ({arguments(default.body)["default"]}, _created(stand_in, "database")),
        "schemas": (set(local_values(module)["schemas"]), _created(stand_in, "schema")),
        "warehouses": (set(local_values(module)["warehouse_of_role"].values()), _created(stand_in, "warehouse")),
        "roles": (set(local_values(module)["roles"]), _created(stand_in, "role")),
        "stage": ({_place(stage)}, _created(stand_in, "stage")),
        "stage in SQL": ({_place(stage)}, {name.upper() for name in re.findall(r"@(\w+\.\w+)", _all_sql())}),
        "file format": ({_place(file_format)}, _created(stand_in, "file format")),
        "file format in SQL": (
            {_place(file_format)},
            {name.upper() for name in re.findall(r"format_name = '(\w+\.\w+)'", _all_sql())},
        ),
    }
    return [
        f"{what}: Terraform has {sorted(ours)}, the project {sorted(theirs)}"
        for what, (ours, theirs) in compared.items()
        if ours != theirs
    ]


def connections(root: Path) -> list[str]:
    """Airflow connections without a place in Secrets Manager, or whose role or warehouse differs."""
    settings = yaml.safe_load((REPOSITORY / "airflow_settings.yaml").read_text())["airflow"]["connections"]
    declared = {each["conn_id"]: each for each in settings}
    secrets = set(re.findall(r"'(\w+)'|\"(\w+)\"", str(local_values(root / "modules" / "aws")["connections"])))
    places = {first or second for first, second in secrets}
    found = [f"connection {name} has no place in Secrets Manager" for name in sorted(set(declared) - places)]
    found += [
        f"Secrets Manager has a place for {name}, which is no connection" for name in sorted(places - set(declared))
    ]
    module = root / "modules" / "snowflake"
    users = local_values(module)["service_users"]
    output = next(block for block in blocks(module, "output") if block.name == "connections")
    of_connection = dict(re.findall(r"'(warehouse\w*)': '(\w+)'|^$", str(output.body["value"])))
    snowflake = {name: each["conn_extra"] for name, each in declared.items() if each["conn_type"] == "snowflake"}
    if set(of_connection) != set(snowflake):
        found.append(f"output connections has {sorted(of_connection)}, airflow_settings.yaml {sorted(snowflake)}")
    for name in sorted(set(of_connection) & set(snowflake)):
        for field in ("role", "warehouse"):
            ours, theirs = users[of_connection[name]][field], snowflake[name][field]
            if ours != theirs:
                found.append(f"connection {name}: {field} is {ours} here, {theirs} in airflow_settings.yaml")
    return found + _dbt_profile(module)


def personal_columns(root: Path) -> list[str]:
    """Columns that a contract marks as personal and Terraform does not tag, or the other way round."""
    ours = local_values(root / "modules" / "snowflake")
    contracts = [each for each in _contracts() if any(column.get("pii") for column in each["columns"])]
    columns = {column["name"].upper() for each in contracts for column in each["columns"] if column.get("pii")}
    tables = {name for each in contracts for name in (each["table"].upper(), f"QUARANTINE_{each['table'].upper()}")}
    found = [
        f"{each['table']} has personal columns outside schema pii" for each in contracts if each["schema"] != "pii"
    ]
    if set(ours["personal_columns"]) != columns | {"_EXTRA"}:
        found.append(f"tagged are {sorted(ours['personal_columns'])}, the contracts mark {sorted(columns)}")
    if set(ours["personal_tables"]) != tables:
        found.append(f"tagged tables are {sorted(ours['personal_tables'])}, the contracts have {sorted(tables)}")
    return found


def grants(root: Path) -> list[str]:
    """Privileges that a role's SQL needs and the role lacks, or that it has and nothing needs."""
    module = root / "modules" / "snowflake"
    found = []
    for kind, needed in (
        ("schema_privileges", _schema_privileges()),
        ("future_privileges", _future_privileges()),
        ("table_privileges", _table_privileges()),
    ):
        given = _flat(local_values(module)[kind])
        found += [f"{kind}: {' '.join(each)} is needed" for each in sorted(_flat(needed) - given)]
        found += [f"{kind}: {' '.join(each)} is needed by nothing" for each in sorted(given - _flat(needed))]
    return found


def _schema_privileges() -> Privileges:
    needed: Privileges = defaultdict(lambda: defaultdict(set))
    for contract in _contracts():
        personal = contract["schema"] == "pii"
        for schema in (contract["schema"], "pii" if personal else "quarantine", "pii" if personal else "raw", "audit"):
            needed["LOADER"][schema.upper()] |= {"USAGE", "CREATE TABLE"}
    for schema, _ in re.findall(r"create table if not exists (?:\{\{ database \}\}\.)?(\w+)\.(\w+)", _all_sql()):
        needed["LOADER"][schema.upper()] |= {"USAGE", "CREATE TABLE"}
    for view in _views():
        needed["LOADER"][view.split(".")[0]] |= {"USAGE", "CREATE VIEW"}
    for schema, _ in _read_by(_loader_sql()):
        needed["LOADER"][schema].add("USAGE")
    for schema, created in _created_by_dbt().items():
        needed["TRANSFORMER"][schema] |= {"USAGE", *created}
    for schema, _ in _dbt_sources():
        needed["TRANSFORMER"][schema].add("USAGE")
    for schema, _ in _read_by_reporter():
        needed["REPORTER"][schema].add("USAGE")
    for schema, _ in _read_by(PII_READER_SQL):
        needed["PII_READER"][schema].add("USAGE")
    return needed


def _future_privileges() -> Privileges:
    needed: Privileges = defaultdict(lambda: defaultdict(dict))
    for schema, _ in _read_by(_loader_sql()):
        if schema in _created_by_dbt() and schema != "STAGING":
            needed["LOADER"][schema]["TABLES"] = {"SELECT"}
    for schema, _ in _dbt_sources():
        if schema != "PII":
            needed["TRANSFORMER"][schema]["TABLES"] = {"SELECT"}
    for schema, table in _read_by_reporter():
        if f"{schema}.{table}" in _views():
            needed["REPORTER"][schema]["VIEWS"] = {"SELECT"}
        elif schema != "AUDIT":
            needed["REPORTER"][schema]["TABLES"] = {"SELECT"}
    return needed


def _table_privileges() -> Privileges:
    needed: Privileges = defaultdict(lambda: defaultdict(dict))
    for schema, table in _dbt_sources():
        if schema == "PII":
            needed["TRANSFORMER"][schema][table] = {"SELECT"}
    for schema, table in _read_by_reporter():
        if schema == "AUDIT" and f"{schema}.{table}" not in _views():
            needed["REPORTER"][schema][table] = {"SELECT"}
    for schema, table in _read_by(PII_READER_SQL):
        needed["PII_READER"][schema][table] = {"SELECT"}
    return needed


def _flat(tree: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(tree, dict):
        return {each for name, below in tree.items() for each in _flat(below, (*above, name))}
    return {(*above, each) for each in tree}


def _loader_sql() -> list[Path]:
    return [file for file in sorted(SQL.rglob("*.sql")) if file not in READER_SQL]


def _read_by(sql: Iterable[Path]) -> set[tuple[str, str]]:
    """Schema and table of what is read, in upper case."""
    return {(schema.upper(), table.upper()) for file in sql for schema, table in _READ.findall(file.read_text())}


def _read_by_reporter() -> set[tuple[str, str]]:
    looker = [*LOOKER.rglob("*.lkml")]
    named = {
        (schema.upper(), table.upper())
        for file in looker
        for schema, table in re.findall(r"sql_table_name: @\{DATABASE\}\.(\w+)\.(\w+)", file.read_text())
    }
    return named | _read_by([file for file in READER_SQL if file not in PII_READER_SQL]) | _read_by(looker)


@cache
def _views() -> frozenset[str]:
    return frozenset(name.upper() for name in re.findall(r"create or replace view (\w+\.\w+)", _all_sql()))


@cache
def _all_sql() -> str:
    return "\n".join(file.read_text() for file in sorted(SQL.rglob("*.sql")))


@cache
def _contracts() -> tuple[dict[str, Any], ...]:
    folder = REPOSITORY / "include" / "contracts"
    return tuple(yaml.safe_load(file.read_text()) for file in sorted(folder.glob("*.yml")))


@cache
def _dbt_sources() -> frozenset[tuple[str, str]]:
    files = [yaml.safe_load(file.read_text()) for file in sorted(DBT.glob("models/**/*sources.yml"))]
    return frozenset(
        (source["schema"].upper(), table["name"].upper())
        for each in files
        for source in each["sources"]
        if source.get("database") != SHARED
        for table in source["tables"]
    )


@cache
def _created_by_dbt() -> dict[str, set[str]]:
    """What dbt creates in each schema. An incremental model stands on a view while it is built."""
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text())
    created: dict[str, set[str]] = defaultdict(set)
    for folder, settings in project["models"]["warehouse"].items():
        created[settings["+schema"].upper()].add(f"CREATE {settings['+materialized'].upper()}")
        if any("materialized='incremental'" in file.read_text() for file in (DBT / "models" / folder).rglob("*.sql")):
            created[settings["+schema"].upper()] |= {"CREATE TABLE", "CREATE VIEW"}
    created[project["seeds"]["warehouse"]["+schema"].upper()].add("CREATE TABLE")
    return dict(created)


def _dbt_profile(module: Path) -> list[str]:
    """dbt signs in as the user of connection warehouse, with a role and a warehouse of its own."""
    text = (REPOSITORY / "include" / "transform.py").read_text()
    told = dict(re.findall(r'"(warehouse|role)": "(\w+)"', text))
    given = local_values(module)
    found = []
    if given["warehouse_of_role"].get(told["role"]) != told["warehouse"]:
        found.append(f"dbt runs as {told['role']} on {told['warehouse']}: that role has no usage of it")
    if told["role"] not in given["service_users"]["AIRFLOW"]["roles"]:
        found.append(f"dbt runs as {told['role']}, which AIRFLOW does not have")
    return found


def _created(sql: str, kind: str) -> set[str]:
    """Names in the stand-in's account.sql, as Snowflake reads them, without the database."""
    found = re.findall(rf"create {kind} if not exists ([\w.]+)", sql)
    return {name.removeprefix("analytics.").upper() for name in found}


def _one(module: Path, kind: str) -> Found:
    (found,) = (block for block in blocks(module, "resource") if block.type == kind)
    return found


def _place(block: Found) -> str:
    told = arguments(block.body)
    schema = re.search(r"this\[['\"]?(\w+)", told["schema"])
    return f"{schema[1] if schema else told['schema']}.{told['name']}"


ALL = (names, connections, personal_columns, grants)

if __name__ == "__main__":
    for check in ALL:
        print(check.__name__, *check(TERRAFORM), sep="\n  ")
