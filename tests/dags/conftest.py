"""The dbt manifest, from which Cosmos renders the models."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from include import config


@pytest.fixture(scope="session")
def manifest() -> Path:
    """Made anew where the project changed; in a container, where the stand-ins are not, that of the image."""
    if not find_spec("local"):
        return config.DBT_DIR / "target" / "manifest.json"
    from local.dbt_manifest import ensure_manifest

    return ensure_manifest()


@pytest.fixture(scope="session")
def model_tags(manifest: Path) -> dict[str, list[str]]:
    """Tags of each model."""
    nodes = json.loads(manifest.read_text())["nodes"].values()
    return {node["name"]: node["tags"] for node in nodes if node["resource_type"] == "model"}
