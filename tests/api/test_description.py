"""The OpenAPI document tells all there is, and schemathesis finds the API to be what it tells."""

import subprocess
import sys

import pytest

from plugins.analytics import keys
from plugins.analytics.settings import API_PREFIX

PATHS = {
    *(
        f"{API_PREFIX}{path}"
        for path in (
            "/analytics/summary",
            "/customers/rfm",
            "/customers/segments",
            "/conversion/funnel",
            "/products/affinity",
            "/cohorts/retention",
            "/customers/behavior",
            "/metrics/kpis",
            "/customers/{customer_id}",
            "/customers/top",
            "/customers/churn",
            "/customers/value",
            "/products/performance",
            "/products/{product_id}/recommendations",
            "/categories",
            "/carts/abandonment",
            "/experiments",
            "/revenue",
            "/quality/batches",
            "/quality/gates",
            "/quality/quarantine",
        )
    ),
    "/health",
    "/ready",
    "/metrics",
}
CONFIG = """
[checks.positive_data_acceptance]
# Two good dates may be in the wrong order, and no made-up cursor is one.
expected-statuses = ["2xx", "401", "403", "404", "410", "422", "503"]
[checks.negative_data_rejection]
# A value that is wrong may also be too long for an address.
expected-statuses = ["400", "401", "403", "404", "405", "414", "422"]
"""


@pytest.fixture(scope="module")
def document(api):
    return api.get("/openapi.json").json()


def operations(document):
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_every_path_is_there(document):
    assert set(document["paths"]) == PATHS
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names)


def test_everything_is_described(document):
    missing = [
        f"{operation['operationId']}: {parameter['name']}"
        for operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    for name, schema in document["components"]["schemas"].items():
        if name.startswith(("Answer_", "Page_")):
            continue  # a frame: its fields are described by what they hold
        for field, described in schema.get("properties", {}).items():
            told = {"description", "$ref"} & set(described) or "$ref" in str(described)
            if not told:
                missing.append(f"{name}.{field}")
    assert not missing, missing


def test_every_operation_tells_its_scope_and_its_problems(document):
    for path, operation in ((path, operation) for path, of in document["paths"].items() for operation in of.values()):
        if not path.startswith(API_PREFIX):
            assert "security" not in operation
            continue
        assert operation["x-scope"] in keys.SCOPES
        assert {"200", "304", "401", "403", "422", "429", "503"} <= set(operation["responses"])
        assert "application/problem+json" in operation["responses"]["422"]["content"]


def test_the_api_is_what_it_tells(address, api, tmp_path):
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{address}/openapi.json"]
    options = ["--header", f"Authorization: Bearer {api.key}", "--checks", "all", "--max-examples", "12"]
    options += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--seed", "1"]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=600)
    assert ended.returncode == 0, ended.stdout[-12_000:] + ended.stderr[-2000:]
