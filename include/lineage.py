"""What each mart is computed from and which Looker dashboards show it, as the dbt manifest says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.config import DBT_DIR

MANIFEST = DBT_DIR / "target" / "manifest.json"
DATA_THROUGH = "data_through"
# They change with every build but say nothing of the rows: they only tell an incremental model where to look.
_BOOKKEEPING = {"int_build", "int_pending_batches"}
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
    project = json.loads(manifest.read_text())
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
