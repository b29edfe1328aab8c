"""What each mart is computed from, what tests it and which Looker dashboards show it, as the dbt manifest says."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.config import DBT_DIR

MANIFEST = DBT_DIR / "target" / "manifest.json"
DATA_THROUGH = "data_through"
# They change with every build but say nothing of the rows: they only tell an incremental model where to look.
_BOOKKEEPING = {"int_build", "int_pending_batches"}
_BUILT = ("model", "seed")
# Tags of the models that read what Python computes from other models: they are built after all others, by themselves.
FITTED_TAGS = frozenset({"refresh_customer_value", "refresh_experiments"})
# Looker shows their days as far as the last finished build reaches: a new last day changes what is seen of them.
SEEN_TO_DATA_THROUGH = frozenset({"fct_orders", "fct_order_items", "fct_refunds", "fct_sessions"})


@dataclass(frozen=True)
class Dashboard:
    """A Looker dashboard that an exposure names. `id` is Looker's, <model>::<dashboard> for one in LookML."""

    id: str
    label: str


@dataclass(frozen=True)
class Lineage:
    """Inputs of every mart: names of published tables, and `data_through`; and the dashboards to keep warm."""

    inputs: Mapping[str, frozenset[str]]
    dashboards: tuple[Dashboard, ...]


def read(manifest: Path = MANIFEST) -> Lineage:
    """The lineage of the project as it was parsed last. Raises FileNotFoundError when it never was."""
    project = _project(manifest)
    nodes = project["nodes"] | project["sources"]
    marts = (
        (unique_id, node["name"])
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and node["schema"].lower() == "marts"
    )
    return Lineage(
        inputs={
            name: frozenset(_inputs(unique_id, nodes) | ({DATA_THROUGH} if name in SEEN_TO_DATA_THROUGH else set()))
            for unique_id, name in marts
        },
        dashboards=tuple(_dashboards(project["exposures"])),
    )


def tagged(tag: str, manifest: Path = MANIFEST) -> list[str]:
    """The models and seeds of a tag, each after those that it reads."""
    nodes = _project(manifest)["nodes"]
    chosen = [unique_id for unique_id, node in nodes.items() if node["resource_type"] in _BUILT and tag in node["tags"]]
    return sorted(chosen, key=lambda unique_id: (len(_upstream(unique_id, nodes)), unique_id))


def read_by(tag: str, manifest: Path = MANIFEST) -> list[str]:
    """The models of other tags that those of a tag read, directly or through what Python computes from them."""
    project = _project(manifest)
    nodes = project["nodes"] | project["sources"]
    own = {unique_id for unique_id, node in nodes.items() if node["resource_type"] in _BUILT and tag in node["tags"]}
    found = set()
    for name in {name for unique_id in own for name in nodes[unique_id]["depends_on"].get("nodes", [])} - own:
        computed_from = nodes[name]["config"].get("meta", {}).get("computed_from")
        found.add(f"model.{nodes[name]['package_name']}.{computed_from}" if computed_from else name)
    return sorted(found)


def tests_by_model(without: Set[str] = FITTED_TAGS, manifest: Path = MANIFEST) -> dict[str, list[str]]:
    """The tests of every model and seed, without those that read a model with one of the tags `without`.

    A test counts for the model it is declared on; one that stands by itself for each model it reads that no other of
    them is computed from. As in dbt, so a model is not held back by a test of what comes after it.
    """
    nodes = _project(manifest)["nodes"]
    found: dict[str, list[str]] = {}
    for unique_id, node in nodes.items():
        read = [name for name in node["depends_on"].get("nodes", []) if name in nodes]
        if node["resource_type"] != "test" or any(without & set(nodes[name]["tags"]) for name in read):
            continue
        declared_on = node.get("attached_node")
        earlier = set().union(*(_upstream(name, nodes) - {name} for name in read))
        for name in [declared_on] if declared_on in nodes else sorted(set(read) - earlier):
            found.setdefault(name, []).append(unique_id)
    return found


def _project(manifest: Path) -> dict[str, Any]:
    return _parsed(manifest, manifest.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _parsed(manifest: Path, changed_at: int) -> dict[str, Any]:
    return json.loads(manifest.read_text())


def _upstream(unique_id: str, nodes: Mapping[str, Any]) -> set[str]:
    """A node with every node that it is computed from."""
    found: set[str] = set()
    ahead = [unique_id]
    while ahead:
        current = ahead.pop()
        if current in nodes and current not in found:
            found.add(current)
            ahead += nodes[current]["depends_on"].get("nodes", [])
    return found


def _inputs(unique_id: str, nodes: Mapping[str, Any]) -> set[str]:
    """Published tables upstream of a node, through the tables that Python writes, too."""
    found: set[str] = set()
    seen: set[str] = set()
    ahead = [unique_id]
    while ahead:
        current = ahead.pop()
        if current in seen:
            continue
        seen.add(current)
        node = nodes[current]
        if node["name"] == "int_data_through":
            found.add(DATA_THROUGH)
        elif node["resource_type"] == "source":
            computed_from = node["config"].get("meta", {}).get("computed_from")
            if computed_from:
                ahead.append(f"model.{node['package_name']}.{computed_from}")
            # A batch that changes an audit table changes the table it was published to as well.
            elif node["schema"].lower() != "audit":
                found.add(node["name"])
        elif node["name"] not in _BOOKKEEPING:
            ahead += node["depends_on"].get("nodes", [])
    return found


def _dashboards(exposures: Mapping[str, Any]) -> list[Dashboard]:
    named = ((exposure, exposure["config"].get("meta", {})) for exposure in exposures.values())
    return [
        Dashboard(meta["looker_dashboard"], exposure["label"])
        for exposure, meta in named
        if "looker_dashboard" in meta and meta.get("warm", True)
    ]
