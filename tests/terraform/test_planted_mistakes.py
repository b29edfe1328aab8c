"""Each check is seen to fail: a mistake is planted in a copy of terraform/, and the check that is meant names it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.terraform import agreement, checks

SNOWFLAKE, AWS, DEV = Path("modules/snowflake"), Path("modules/aws"), Path("envs/dev")


class Mistake(NamedTuple):
    """`old` becomes `new` in a file (at its end where `old` is empty); the check then tells of it in these words."""

    check: Callable[[Path], list[str]]
    file: Path
    old: str
    new: str
    told: str


MISTAKES = {
    "a brace too many": Mistake(checks.unreadable, AWS / "kms.tf", "", "}\n", "kms.tf cannot be parsed"),
    "a file without end": Mistake(checks.unreadable, AWS / "kms.tf", "", "# more\n" * 300, "split it by subject"),
    "unknown resource": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "roles.tf",
        'resource "snowflake_account_role" "this"',
        'resource "snowflake_role" "this"',
        "the provider has no such resource",
    ),
    "unknown data source": Mistake(
        checks.unknown_to_the_provider,
        AWS / "kms.tf",
        'data "aws_partition"',
        'data "aws_partitions"',
        "the provider has no such data",
    ),
    "misspelt argument": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "warehouses.tf",
        "auto_suspend  ",
        "autosuspend  ",
        "there is no autosuspend",
    ),
    "missing argument": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "storage.tf",
        '  format_type = "PARQUET"\n',
        "",
        "snowflake_file_format.parquet_files: format_type is missing",
    ),
    "misspelt argument of a nested block": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "grants.tf",
        "object_type_plural =",
        "object_types =",
        "on_schema_object.future: there is no object_types",
    ),
    "missing argument of a nested block": Mistake(
        checks.unknown_to_the_provider,
        AWS / "lake.tf",
        'status = "Enabled"\n  }\n}',
        "}\n}",
        "versioning_configuration: status is missing",
    ),
    "unknown block": Mistake(
        checks.unknown_to_the_provider,
        AWS / "alarms.tf",
        'filter {\n    prefix = "raw/"',
        'filters {\n    prefix = "raw/"',
        "there is no filters",
    ),
    "setting what can only be read": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "storage.tf",
        'storage_provider     = "S3"',
        'storage_provider     = "S3"\n  storage_aws_iam_user_arn = "x"',
        "storage_aws_iam_user_arn can only be read",
    ),
    "reading an attribute that does not exist": Mistake(
        checks.unknown_to_the_provider,
        SNOWFLAKE / "outputs.tf",
        "lake.storage_aws_iam_user_arn",
        "lake.aws_iam_user_arn",
        "has no aws_iam_user_arn",
    ),
    "reading a resource that does not exist": Mistake(
        checks.unknown_to_the_provider,
        AWS / "outputs.tf",
        "aws_sns_topic.alarms.arn",
        "aws_sns_topic.alerts.arn",
        "aws_sns_topic.alerts does not exist",
    ),
    "unknown argument of a provider": Mistake(
        checks.unknown_to_the_provider,
        DEV / "providers.tf",
        "account_name   ",
        "account_id   ",
        "provider snowflake.sysadmin: there is no account_id",
    ),
    "another version": Mistake(
        checks.unpinned, DEV / "versions.tf", "~> 2.11.0", ">= 1.0", "snowflake is held to >= 1.0, not to ~> 2.11.0"
    ),
    "a preview feature that is not enabled": Mistake(
        checks.preview_features, DEV / "providers.tf", '    "snowflake_stage_resource",\n', "", "what is used needs"
    ),
    "undescribed variable": Mistake(
        checks.undescribed,
        SNOWFLAKE / "variables.tf",
        'description = "Name of the database',
        'nullable = false # "Name of the database',
        "variable database has no description",
    ),
    "undescribed output": Mistake(
        checks.undescribed,
        AWS / "outputs.tf",
        "",
        '\noutput "more" {\n  value = 1\n}\n',
        "output more has no description",
    ),
    "variable without a rule": Mistake(
        checks.undescribed,
        AWS / "variables.tf",
        "",
        '\nvariable "more" {\n  description = "Something more to set."\n  type = string\n}\n',
        "variable more has no validation",
    ),
    "variable that nothing reads": Mistake(
        checks.unused,
        DEV / "variables.tf",
        "",
        '\nvariable "more" {\n  description = "Something more to set."\n  type = string\n}\n',
        "variable more is read nowhere",
    ),
    "password variable": Mistake(
        checks.secrets,
        SNOWFLAKE / "variables.tf",
        "",
        '\nvariable "airflow_password" {\n  type = string\n  default = "x"\n}\n',
        "variable airflow_password is named like a secret",
    ),
    "private key in the provider": Mistake(
        checks.secrets,
        DEV / "providers.tf",
        'authenticator            = "SNOWFLAKE_JWT"',
        'private_key              = file("key.p8")',
        "provider snowflake.sysadmin sets private_key",
    ),
    "secret in the state": Mistake(
        checks.secrets,
        AWS / "secrets.tf",
        "",
        '\nresource "aws_secretsmanager_secret_version" "x" {\n  secret_id = "x"\n  secret_string = "x"\n}\n',
        "would put a secret into the state",
    ),
    "key in an example": Mistake(
        checks.secrets,
        DEV / "terraform.tfvars.example",
        "",
        "PRIVATE".join(("# -----BEGIN ", " KEY-----\n")),  # in parts, or a scanner finds it here
        "holds a private key",
    ),
    "variable of a module that is not passed": Mistake(
        checks.environments,
        DEV / "main.tf",
        "  lake_external_id = var.lake_external_id\n",
        "",
        "dev does not pass snowflake.lake_external_id",
    ),
    "variable that the module does not have": Mistake(
        checks.environments,
        DEV / "main.tf",
        "  access_log_days      = 90\n",
        "  log_days = 90\n",
        "dev passes aws.log_days, which does not exist",
    ),
    "output that the module does not have": Mistake(
        checks.environments, DEV / "outputs.tf", "module.snowflake.stage", "module.snowflake.stages", "no output stages"
    ),
    "environments that differ": Mistake(
        checks.environments,
        DEV / "outputs.tf",
        'output "stage"',
        'output "lake_stage"',
        "only one environment has the output stage",
    ),
    "example without a required value": Mistake(
        checks.environments,
        DEV / "terraform.tfvars.example",
        'aws_region     = "eu-west-1"\n',
        "",
        "terraform.tfvars.example lacks aws_region",
    ),
    "missing schema": Mistake(
        agreement.names,
        SNOWFLAKE / "database.tf",
        '    QUARANTINE   = "Rows that a gate kept back."\n',
        "",
        "schemas: Terraform has",
    ),
    "name in lower case": Mistake(
        agreement.names, SNOWFLAKE / "database.tf", "    RAW          =", "    raw          =", "schemas: Terraform has"
    ),
    "another stage": Mistake(agreement.names, SNOWFLAKE / "storage.tf", '"LAKE"', '"LAKE_STAGE"', "stage in SQL"),
    "another file format": Mistake(
        agreement.names, SNOWFLAKE / "storage.tf", '"PARQUET_FILES"', '"PARQUET"', "file format in SQL"
    ),
    "another warehouse": Mistake(
        agreement.names, SNOWFLAKE / "grants.tf", '"LOADING_WH"', '"LOAD_WH"', "warehouses: Terraform has"
    ),
    "role that the project does not know": Mistake(
        agreement.names,
        SNOWFLAKE / "roles.tf",
        "  roles = {",
        '  roles = {\n    ANALYST = "Reads."',
        "roles: Terraform has",
    ),
    "connection without a secret": Mistake(
        agreement.connections, AWS / "secrets.tf", '    "crm",\n', "", "connection crm has no place in Secrets Manager"
    ),
    "connection with another role": Mistake(
        agreement.connections,
        SNOWFLAKE / "users.tf",
        'role      = "PII_READER"',
        'role      = "REPORTER"',
        "connection warehouse_pii_reader: role is REPORTER here, PII_READER",
    ),
    "dbt without its role": Mistake(
        agreement.connections,
        SNOWFLAKE / "users.tf",
        '["LOADER", "TRANSFORMER"]',
        '["LOADER"]',
        "dbt runs as TRANSFORMER, which AIRFLOW does not have",
    ),
    "personal column that is not tagged": Mistake(
        agreement.personal_columns, SNOWFLAKE / "pii.tf", '    PHONE      = "phone"\n', "", "the contracts mark"
    ),
    "missing grant": Mistake(
        agreement.grants,
        SNOWFLAKE / "grants.tf",
        '      MARTS        = { TABLES = ["SELECT"] }\n',
        "",
        "future_privileges: LOADER MARTS TABLES SELECT is needed",
    ),
    "usage on pii for a reader": Mistake(
        agreement.grants,
        SNOWFLAKE / "grants.tf",
        '      AUDIT = ["USAGE"]\n    }\n    PII_READER',
        '      AUDIT = ["USAGE"]\n      PII = ["USAGE"]\n    }\n    PII_READER',
        "schema_privileges: REPORTER PII USAGE is needed by nothing",
    ),
    "writing for a reader": Mistake(
        agreement.grants,
        SNOWFLAKE / "grants.tf",
        '      MARTS = { TABLES = ["SELECT"] }\n      AUDIT = { VIEWS',
        '      MARTS = { TABLES = ["SELECT", "INSERT"] }\n      AUDIT = { VIEWS',
        "future_privileges: REPORTER MARTS TABLES INSERT is needed by nothing",
    ),
    "every table of pii for its reader": Mistake(
        agreement.grants,
        SNOWFLAKE / "grants.tf",
        "      AUDIT = { VIEWS",
        '    }\n    PII_READER = {\n      PII = { TABLES = ["SELECT"] }\n    }\n    OTHER = {\n      AUDIT = { VIEWS',
        "future_privileges: PII_READER PII TABLES SELECT is needed by nothing",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_planted_mistake_is_found(mistake: Mistake, copied: Path) -> None:
    plant(copied, mistake)

    found = mistake.check(copied)

    assert re.search(re.escape(mistake.told), "\n".join(found)), found


def test_every_check_has_a_mistake_that_it_finds() -> None:
    assert {mistake.check for mistake in MISTAKES.values()} == {*checks.ALL, *agreement.ALL}


def plant(root: Path, mistake: Mistake) -> None:
    """Put a mistake into a copy of terraform/."""
    file = root / mistake.file
    text = file.read_text()
    assert mistake.old in text, f"{mistake.file} has changed: plant the mistake elsewhere"
    file.write_text(text.replace(mistake.old, mistake.new, 1) if mistake.old else text + mistake.new)
