"""The dbt manifest, from which Cosmos renders the models."""

import json
from pathlib import Path

import pytest

from local.dbt_manifest import ensure_manifest


@pytest.fixture(scope="session")
def manifest() -> Path:
    return ensure_manifest()


@pytest.fixture(scope="session")
def model_tags(manifest: Path) -> dict[str, list[str]]:
    """Tags of each model."""
    nodes = json.loads(manifest.read_text())["nodes"].values()
    return {node["name"]: node["tags"] for node in nodes if node["resource_type"] == "model"}
