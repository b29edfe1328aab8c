"""docker-compose.override.yml: the schema of compose files, and that it fits the services the Astro CLI starts."""

from pathlib import Path
from typing import Any

import yaml

from local.checks.tools import run

FILE = "docker-compose.override.yml"
# Those of the file the Astro CLI writes for Airflow 3, with its network.
ASTRO_SERVICES = {"postgres", "db-migration", "scheduler", "dag-processor", "api-server", "triggerer"}
RUNS_TASKS = {"scheduler", "dag-processor", "api-server", "triggerer"}
ASTRO_PORTS = {"8080", "5432"}
NETWORK = "airflow"


def check(root: Path) -> list[str]:
    """What is wrong with it."""
    found = run(root, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)
    if found:
        return found
    held = yaml.safe_load((root / FILE).read_text())
    services: dict[str, dict[str, Any]] = held["services"]
    known = ASTRO_SERVICES | set(services)
    for name, service in services.items():
        found += [f"service {name}: {problem}" for problem in _service(name, service, held, known)]
    found += [f"service {name} does not get the stack's settings" for name in sorted(RUNS_TASKS - set(services))]
    return [f"{FILE}: {problem}" for problem in found]


def _service(name: str, service: dict[str, Any], held: dict[str, Any], known: set[str]) -> list[str]:
    found = []
    if name in ASTRO_SERVICES:
        changed = {"image", "build", "networks", "network_mode", "command"} & set(service)
        found += [f"{key} is the Astro CLI's" for key in sorted(changed)]
    else:
        if NETWORK not in service.get("networks", []):
            found.append(f"it is not in the network {NETWORK}, so Airflow cannot reach it")
        if "image" not in service or "build" in service:
            found.append("it needs an image: the Astro CLI starts services, it does not build them")
    for volume in service.get("volumes", []):
        source = str(volume).split(":")[0]
        if not source.startswith((".", "/")) and source not in (held.get("volumes") or {}):
            found.append(f"volume {source} is not declared")
    for port in map(str, service.get("ports", [])):
        if not port.startswith("127.0.0.1:") or port.split(":")[1] in ASTRO_PORTS:
            found.append(f"port {port} is open to others than this machine, or Airflow's")
    found += [
        f"it waits for {other}, which does not exist" for other in service.get("depends_on", {}) if other not in known
    ]
    return found
