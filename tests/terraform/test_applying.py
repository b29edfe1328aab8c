"""Terraform itself validates and applies dev and prod, with stub providers in place of the real ones.

So every expression is evaluated, every reference and type checked, and what would be created can be looked at.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.configuration import ENVIRONMENTS, TERRAFORM, local_values
from tests.terraform.planning import Applied, TerraformFailed, Workbench, terraform
from tests.terraform.stub_provider import ACCOUNT

pytestmark = pytest.mark.skipif(terraform() is None, reason="no terraform binary; TERRAFORM names one")

USERS = ("AIRFLOW", "ANALYTICS_API", "ANALYTICS_API_PII", "LOOKER")
LAKE = "arn:aws:s3:::shop-lake"
VARIABLES: dict[str, Any] = {
    "aws_account_id": ACCOUNT,
    "aws_region": "eu-west-1",
    "snowflake_organization": "MYORG",
    "snowflake_account": "SHOP",
    "lake_bucket": "shop-lake",
    "lake_external_id": "0123456789abcdef0123456789abcdef",
    "public_keys": {user: {"key": "MII" + "A" * 380} for user in USERS},
    "allowed_networks": {user: ["203.0.113.7/32"] for user in USERS},
    "airflow_trust": {"role_arns": ["arn:aws:iam::444455556666:role/airflow-workload"]},
    "exports_reader_arns": ["arn:aws:iam::444455556666:role/partner"],
    "alert_recipients": ["data-oncall@example.com"],
    "budget_watchers": ["ONCALL"],
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(TERRAFORM, tmp_path_factory.mktemp("applying"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """One in which nothing was applied, so that a refusal comes soon."""
    return Workbench(TERRAFORM, tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def first(bench: Workbench) -> Applied:
    """prod after its first apply, before the tables exist."""
    return bench.apply("prod", VARIABLES)


@pytest.fixture(scope="module")
def applied(bench: Workbench, first: Applied) -> Applied:
    """prod after its second apply, with the tables."""
    return bench.apply("prod", {**VARIABLES, "tables_exist": True})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_terraform_finds_it_valid(bench: Workbench, environment: str) -> None:
    assert bench.validate(environment) == []


def test_terraform_finds_a_wrong_type(copied: Path, tmp_path: Path) -> None:
    file = copied / "modules" / "snowflake" / "storage.tf"
    file.write_text(file.read_text().replace('["s3://${var.lake_bucket}/"]', '"s3://${var.lake_bucket}/"'))

    (found,) = set(Workbench(copied, tmp_path / "bench").validate("dev"))

    assert "list of string required" in found


def test_one_apply_makes_the_integration_and_the_role_that_trusts_it(first: Applied) -> None:
    (integration,) = first.of("snowflake_storage_integration").values()
    role = first.resources["module.aws.aws_iam_role.snowflake"]
    (statement,) = statements(role["assume_role_policy"])

    assert integration["storage_aws_role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/{role['name']}"
    assert statement["Principal"] == {"AWS": [integration["storage_aws_iam_user_arn"]]}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": [integration["storage_aws_external_id"]]}}


def test_the_second_apply_only_adds_what_needs_tables(first: Applied, applied: Applied) -> None:
    added = {
        address.split("[")[0].removeprefix("module.snowflake.")
        for address in set(applied.resources) - set(first.resources)
    }

    assert added == {
        "snowflake_alert.nothing_published",
        "snowflake_grant_privileges_to_account_role.table",
        "snowflake_tag_association.pii",
    }
    assert re.search(r"(\d+) added, 0 changed, 0 destroyed", applied.said)


def test_a_third_apply_changes_nothing(bench: Workbench, applied: Applied) -> None:
    assert "0 added, 0 changed, 0 destroyed" in bench.apply("prod", {**VARIABLES, "tables_exist": True}).said


def test_dev_applies_too_with_fewer_users_and_another_trust(bench: Workbench) -> None:
    oidc = {
        "provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example",
        "issuer": "oidc.example",
        "subject": "system:serviceaccount:airflow:worker",
    }
    users = ("AIRFLOW", "ANALYTICS_API")
    dev = bench.apply(
        "dev",
        {
            **VARIABLES,
            "public_keys": {user: VARIABLES["public_keys"][user] for user in users},
            "allowed_networks": {user: VARIABLES["allowed_networks"][user] for user in users},
            "airflow_trust": {"oidc": oidc},
            "exports_reader_arns": [],
        },
    )

    assert {each["name"] for each in dev.of("snowflake_service_user").values()} == set(users)
    assert set(dev.outputs["airflow_connections"]) == {"lake", "warehouse", "warehouse_reader"}
    assert dev.outputs["airflow_connections"]["lake"]["extra"] == {"region_name": "eu-west-1"}
    assert dev.outputs.get("exports_role_arn") is None
    (trust,) = statements(dev.resources["module.aws.aws_iam_role.airflow"]["assume_role_policy"])
    assert trust["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert trust["Condition"]["StringEquals"] == {
        "oidc.example:sub": [oidc["subject"]],
        "oidc.example:aud": ["sts.amazonaws.com"],
    }


def test_roles_get_what_grants_tf_lists_and_nothing_else(applied: Applied) -> None:
    module = local_values(TERRAFORM / "modules" / "snowflake")
    listed = {(role, "DATABASE", "ANALYTICS", "USAGE") for role in module["roles"]}
    listed |= {(role, "WAREHOUSE", warehouse, "USAGE") for role, warehouse in module["warehouse_of_role"].items()}
    for role, schemas in module["schema_privileges"].items():
        listed |= {(role, "SCHEMA", named(schema), each) for schema in schemas for each in schemas[schema]}
    for role, schemas in module["future_privileges"].items():
        for schema, kinds in schemas.items():
            listed |= {(role, f"FUTURE {kind}", named(schema), each) for kind in kinds for each in kinds[kind]}
    for role, schemas in module["table_privileges"].items():
        for schema, tables in schemas.items():
            listed |= {(role, "TABLE", named(schema, table), each) for table in tables for each in tables[table]}
    listed |= {
        ("LOADER", "STAGE", named("RAW", "LAKE"), "USAGE"),
        ("LOADER", "FILE FORMAT", named("RAW", "PARQUET_FILES"), "USAGE"),
        ("SYSADMIN", "INTEGRATION", "ANALYTICS_LAKE", "USAGE"),
        ("SYSADMIN", "INTEGRATION", "ANALYTICS_ALERTS", "USAGE"),
        ("SYSADMIN", "ACCOUNT", "", "EXECUTE ALERT"),
    }

    assert set(granted(applied)) == listed


def test_only_three_roles_come_near_personal_data(applied: Applied) -> None:
    near = {role for role, _, what, _ in granted(applied) if '"PII"' in what}
    inherited = {
        each["role_name"] for each in applied.of("snowflake_grant_account_role").values() if each["parent_role_name"]
    }

    assert near == {"LOADER", "TRANSFORMER", "PII_READER"}
    assert inherited == {"TRANSFORMER", "REPORTER"}
    assert {"LOADER", "PII_READER"}.isdisjoint(inherited)


def test_users_sign_in_by_key_from_known_networks_with_one_role(applied: Applied) -> None:
    policies = {each["fully_qualified_name"]: each for each in applied.of("snowflake_network_policy").values()}
    users = applied.of("snowflake_service_user").values()

    assert {each["name"] for each in users} == set(USERS)
    for user in users:
        assert user["rsa_public_key"]
        assert user["default_secondary_roles_option"] == "NONE"
        assert policies[user["network_policy"]]["allowed_ip_list"] == ["203.0.113.7/32"]


def test_every_warehouse_suspends_and_has_a_budget(applied: Applied) -> None:
    monitors = {each["fully_qualified_name"]: each for each in applied.of("snowflake_resource_monitor").values()}

    for warehouse in applied.of("snowflake_warehouse").values():
        assert 30 <= warehouse["auto_suspend"] <= 600
        monitor = monitors[warehouse["resource_monitor"]]
        assert monitor["credit_quota"] > 0
        assert monitor["suspend_trigger"] == 100


def test_every_schema_is_of_managed_access_and_pii_forgets_soon(applied: Applied) -> None:
    schemas = {each["name"]: each for each in applied.of("snowflake_schema").values()}

    assert {each["with_managed_access"] for each in schemas.values()} == {"true"}
    assert schemas["PII"]["data_retention_time_in_days"] == 1
    assert schemas["STAGING"]["data_retention_time_in_days"] == 14


def test_personal_columns_are_tagged_with_masks(applied: Applied) -> None:
    (tag,) = applied.of("snowflake_tag").values()
    masked = {name for each in applied.of("snowflake_tag_association").values() for name in each["object_identifiers"]}

    assert len(tag["masking_policies"]) == 2
    assert {each["tag_id"] for each in applied.of("snowflake_tag_association").values()} == {
        tag["fully_qualified_name"]
    }
    assert named("PII", "CUSTOMERS", "EMAIL") in masked
    assert named("PII", "QUARANTINE_CUSTOMERS", "_EXTRA") in masked
    assert len(masked) == 10


def test_snowflake_reads_raw_and_unloads_exports_only(applied: Applied) -> None:
    assert allowed(applied, "snowflake") == {
        ("s3:ListBucket", LAKE),
        ("s3:GetBucketLocation", LAKE),
        ("s3:GetObject", f"{LAKE}/raw/*"),
        ("s3:GetObjectVersion", f"{LAKE}/raw/*"),
        ("s3:GetObject", f"{LAKE}/exports/*"),
        ("s3:PutObject", f"{LAKE}/exports/*"),
        ("kms:Decrypt", key(applied)),
        ("kms:GenerateDataKey", key(applied)),
    }


def test_airflow_reads_writes_and_erases_the_lake_and_reads_its_connections(applied: Applied) -> None:
    on_files = (
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    )
    secrets = [each["arn"] for each in applied.of("aws_secretsmanager_secret").values()]

    assert len(secrets) == 12
    assert allowed(applied, "airflow") == {
        *((action, f"{LAKE}/{folder}/*") for action in on_files for folder in ("raw", "exports")),
        ("s3:ListBucket", LAKE),
        ("s3:ListBucketVersions", LAKE),
        ("s3:ListBucketMultipartUploads", LAKE),
        *((f"secretsmanager:{action}", arn) for action in ("GetSecretValue", "DescribeSecret") for arn in secrets),
        ("kms:Decrypt", key(applied)),
        ("kms:GenerateDataKey", key(applied)),
    }


def test_readers_of_exports_read_nothing_else(applied: Applied) -> None:
    assert allowed(applied, "exports[0]") == {
        ("s3:ListBucket", LAKE),
        ("s3:GetObject", f"{LAKE}/exports/*"),
        ("kms:Decrypt", key(applied)),
    }
    conditions = [each.get("Condition") for each in policy(applied, "exports[0]")]
    assert {"StringLike": {"s3:prefix": ["exports/*"]}} in conditions


def test_the_lake_is_private_versioned_encrypted_and_takes_tls_only(applied: Applied) -> None:
    def of_lake(kind: str) -> dict[str, Any]:
        return applied.resources[f"module.aws.{kind}.lake"]

    blocked = of_lake("aws_s3_bucket_public_access_block")
    assert all(value is True for name, value in blocked.items() if name.startswith(("block_", "ignore_", "restrict_")))
    assert of_lake("aws_s3_bucket_versioning")["versioning_configuration"][0]["status"] == "Enabled"
    (rule,) = of_lake("aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule["apply_server_side_encryption_by_default"][0]["kms_master_key_id"] == key(applied)
    denied = statements(of_lake("aws_s3_bucket_policy")["policy"])
    tls = next(each for each in denied if each["Sid"] == "TlsOnly")
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", ["s3:*"])
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": ["false"]}}
    assert set(tls["Resource"]) == {LAKE, f"{LAKE}/*"}
    rules = {each["id"]: each for each in of_lake("aws_s3_bucket_lifecycle_configuration")["rule"]}
    assert rules["leftovers"]["noncurrent_version_expiration"][0]["noncurrent_days"] == 30
    assert rules["raw"]["expiration"] == []  # prod keeps what was extracted


def test_every_alarm_tells_somebody(applied: Applied) -> None:
    (topic,) = applied.of("aws_sns_topic").values()
    alarms = applied.of("aws_cloudwatch_metric_alarm").values()

    assert len(alarms) == 4
    assert all(each["alarm_actions"] == [topic["arn"]] for each in alarms)
    assert [each["endpoint"] for each in applied.of("aws_sns_topic_subscription").values()] == VARIABLES[
        "alert_recipients"
    ]
    assert [each["arn"] for each in applied.of("aws_cloudwatch_event_target").values()] == [topic["arn"]]


def test_outputs_are_what_airflow_needs(applied: Applied) -> None:
    connections, environment = applied.outputs["airflow_connections"], applied.outputs["airflow_environment"]

    assert connections["warehouse"] == {
        "conn_type": "snowflake",
        "login": "AIRFLOW",
        "extra": {"account": "MYORG-SHOP", "database": "ANALYTICS", "warehouse": "LOADING_WH", "role": "LOADER"},
    }
    assert connections["warehouse_pii_reader"]["extra"]["role"] == "PII_READER"
    assert "private_key_content" not in json.dumps(connections)
    backend = json.loads(environment["AIRFLOW__SECRETS__BACKEND_KWARGS"])
    assert applied.outputs["connection_secrets"]["crm"] == f"{backend['connections_prefix']}/crm"
    assert backend["role_arn"] == connections["lake"]["extra"]["role_arn"] == applied.outputs["airflow_role_arn"]
    assert (environment["LAKE_BUCKET"], environment["SNOWFLAKE_DATABASE"]) == ("shop-lake", "ANALYTICS")


# What would give too much away, and the test above that sees it.
OPENED = (
    (
        "snowflake/grants.tf",
        'privileges        = ["USAGE"]\n\n  on_account_object',
        'privileges        = ["USAGE", "MONITOR"]\n\n  on_account_object',
        test_roles_get_what_grants_tf_lists_and_nothing_else,
    ),
    (
        "snowflake/roles.tf",
        'toset(["TRANSFORMER", "REPORTER"])',
        'toset(["TRANSFORMER", "REPORTER", "PII_READER"])',
        test_only_three_roles_come_near_personal_data,
    ),
    ("snowflake/users.tf", '"NONE"', '"ALL"', test_users_sign_in_by_key_from_known_networks_with_one_role),
    (
        "snowflake/warehouses.tf",
        "suspend_trigger           = 100",
        "suspend_trigger           = 1000",
        test_every_warehouse_suspends_and_has_a_budget,
    ),
    ("snowflake/database.tf", '"true"', '"false"', test_every_schema_is_of_managed_access_and_pii_forgets_soon),
    (
        "snowflake/pii.tf",
        'personal_tables = ["CUSTOMERS", "QUARANTINE_CUSTOMERS"]',
        'personal_tables = ["CUSTOMERS"]',
        test_personal_columns_are_tagged_with_masks,
    ),
    (
        "aws/role_snowflake.tf",
        '"s3:PutObject"]',
        '"s3:PutObject", "s3:DeleteObject"]',
        test_snowflake_reads_raw_and_unloads_exports_only,
    ),
    (
        "aws/role_airflow.tf",
        '"s3:ListBucketVersions"]',
        '"s3:ListBucketVersions", "s3:PutBucketPolicy"]',
        test_airflow_reads_writes_and_erases_the_lake_and_reads_its_connections,
    ),
    ("aws/role_exports.tf", '/exports/*"]', '/*"]', test_readers_of_exports_read_nothing_else),
    (
        "aws/lake.tf",
        'variable = "aws:SecureTransport"',
        'variable = "aws:ViaAWSService"',
        test_the_lake_is_private_versioned_encrypted_and_takes_tls_only,
    ),
    (
        "aws/alarms.tf",
        "alarm_actions       = [aws_sns_topic.alarms.arn]",
        "alarm_actions       = []",
        test_every_alarm_tells_somebody,
    ),
    (
        "aws/role_snowflake.tf",
        "[var.snowflake_external_id]",
        '["anybody"]',
        test_one_apply_makes_the_integration_and_the_role_that_trusts_it,
    ),
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Applied:
    """prod with all of these mistakes."""
    place = tmp_path_factory.mktemp("opened")
    root = shutil.copytree(TERRAFORM, place / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    for name, old, new, _ in OPENED:
        file = root / "modules" / name
        assert old in file.read_text(), f"{name} has changed: plant the mistake elsewhere"
        file.write_text(file.read_text().replace(old, new, 1))
    return Workbench(root, place / "bench").apply("prod", {**VARIABLES, "tables_exist": True})


@pytest.mark.parametrize("test", [test for *_, test in OPENED], ids=lambda test: test.__name__)
def test_what_would_give_too_much_away_is_seen(opened: Applied, test: Callable[[Applied], None]) -> None:
    with pytest.raises(AssertionError):
        test(opened)


# Values that cannot be right. Terraform names several at once, unless the rule of one reads the other.
REFUSED: list[dict[str, Any]] = [
    {
        "public_keys": {**VARIABLES["public_keys"], "AIRFLOW": {"key": "-----BEGIN PUBLIC KEY-----"}},
        "airflow_trust": {},
        "lake_external_id": "short",
        "alert_recipients": [],
        "lake_bucket": "Not_A_Bucket",
    },
    {
        "public_keys": {"AIRFLOW": {"key": "MII" + "A" * 380}},
        "airflow_trust": {"role_arns": ["arn:aws:iam::444455556666:root"]},
        "exports_reader_arns": ["*"],
        "budget_watchers": [],
    },
    {
        "allowed_networks": {**VARIABLES["allowed_networks"], "AIRFLOW": ["0.0.0.0/0"]},
        "airflow_trust": {"role_arns": ["arn:aws:iam::444455556666:role/*"]},
    },
    {"allowed_networks": {**VARIABLES["allowed_networks"], "AIRFLOW": []}},
    {"allowed_networks": {"AIRFLOW": ["203.0.113.7/32"]}},
    {"aws_region": "Ireland", "aws_account_id": "mine"},
]


@pytest.mark.parametrize("wrong", REFUSED, ids=lambda wrong: ", ".join(wrong))
def test_values_that_cannot_be_right_are_refused(empty: Workbench, wrong: dict[str, Any]) -> None:
    with pytest.raises(TerraformFailed, match="Invalid value for variable") as refused:
        empty.apply("prod", {**VARIABLES, **wrong})

    assert set(wrong) <= set(re.findall(r"var\.(\w+)[\w.]* is", str(refused.value))), refused.value


def granted(applied: Applied) -> Iterator[tuple[str, str, str, str]]:
    """Role, kind of object, object and privilege of every grant."""
    for grant in applied.of("snowflake_grant_privileges_to_account_role").values():
        assert not grant["with_grant_option"]
        assert not grant["all_privileges"]
        for privilege in grant["privileges"]:
            yield (grant["account_role_name"], *_object(grant), privilege)


def _object(grant: dict[str, Any]) -> tuple[str, str]:
    if grant["on_account"]:
        return "ACCOUNT", ""
    for on in grant["on_account_object"]:
        return on["object_type"], on["object_name"]
    for on in grant["on_schema"]:
        return "SCHEMA", on["schema_name"]
    (on,) = grant["on_schema_object"]
    for future in on["future"]:
        return f"FUTURE {future['object_type_plural']}", future["in_schema"]
    return on["object_type"], on["object_name"]


def named(*parts: str) -> str:
    """Full name of an object of the database."""
    return ".".join(f'"{part}"' for part in ("ANALYTICS", *parts))


def statements(document: str) -> list[dict[str, Any]]:
    """Statements of a policy."""
    return json.loads(document)["Statement"]


def policy(applied: Applied, role: str) -> list[dict[str, Any]]:
    """Statements of a role's policy."""
    return statements(applied.resources[f"module.aws.aws_iam_role_policy.{role}"]["policy"])


def allowed(applied: Applied, role: str) -> set[tuple[str, str]]:
    """Action and resource of all that a role may do."""
    assert {each["Effect"] for each in policy(applied, role)} == {"Allow"}
    return {
        (action, resource)
        for each in policy(applied, role)
        for action in each["Action"]
        for resource in each["Resource"]
    }


def key(applied: Applied) -> str:
    """ARN of the key of the lake."""
    return applied.resources["module.aws.aws_kms_key.this"]["arn"]
