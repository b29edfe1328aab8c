"""The metrics that docs/metrics.md names."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
SEEN_ALWAYS = "always"
_ROW = re.compile(r"\| `(airflow\.[\w.]+)` \| (counter|gauge|timer) \|([^|]*)\|([^|]*)\|")
_KINDS = {"counter": "c", "gauge": "g", "timer": "ms"}


@dataclass(frozen=True)
class Metric:
    """A metric as StatsD names it; `kind` is c, g or ms, `seen` when it is sent."""

    name: str
    kind: str
    tags: tuple[str, ...]
    seen: str


def documented() -> list[Metric]:
    """Every row of the document's tables."""
    rows = _ROW.findall(DOCUMENT.read_text())
    assert len(rows) > 20
    return [
        Metric(name, _KINDS[kind], tuple(re.findall(r"`(\w+)`", tags)), seen.split(":")[0].strip())
        for name, kind, tags, seen in rows
    ]
