"""terraform/ as python-hcl2 reads it: blocks with their attributes, expressions as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

REPOSITORY = Path(__file__).parents[2]
TERRAFORM = REPOSITORY / "terraform"
MODULES = ("snowflake", "aws")
ENVIRONMENTS = ("dev", "prod")

# Arguments that Terraform itself reads, whatever the provider.
META_ARGUMENTS = {"provider", "for_each", "count", "depends_on", "lifecycle", "providers", "source", "version", "alias"}
_LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}


@dataclass(frozen=True)
class Found:
    """One block: `kind` is resource, data, variable, ...; `type` and `name` are its labels, as far as it has them."""

    file: Path
    kind: str
    type: str
    name: str
    body: dict[str, Any]

    def __str__(self) -> str:
        labels = ".".join(label for label in (self.type, self.name) if label)
        return f"{self.file.parent.name}/{self.file.name}: {self.kind} {labels}".rstrip()


def files(root: Path) -> list[Path]:
    """Every file of Terraform's language, sorted."""
    return sorted(path for path in root.rglob("*.tf") if ".terraform" not in path.parts)


@cache
def parsed(text: str) -> dict[str, Any]:
    """What the parser makes of a file's text."""
    return hcl2.loads(text)


def folders(root: Path) -> list[Path]:
    """Folders of the modules and of the environments."""
    return [*(root / "modules" / name for name in MODULES), *(root / "envs" / name for name in ENVIRONMENTS)]


def blocks(folder: Path, *kinds: str) -> list[Found]:
    """Blocks of a module's folder, all or only some kinds."""
    found = [block for file in sorted(folder.glob("*.tf")) for block in _read(file)]
    return [block for block in found if not kinds or block.kind in kinds]


def local_values(folder: Path) -> dict[str, Any]:
    """The locals of a module, as they are written."""
    return {name: value[0] for block in blocks(folder, "locals") for name, value in block.body.items()}


def nested(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Blocks that stand in a block; of a dynamic one, what it makes."""
    for name, value in body.items():
        if name == "dynamic":
            yield from (
                (made, content) for each in value for made, inside in each.items() for content in inside["content"]
            )
        elif _is_blocks(value):
            yield from ((name, each) for each in value)


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """What is set by `name = value`."""
    return {name: value[0] for name, value in body.items() if name != "dynamic" and not _is_blocks(value)}


def expressions(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from expressions(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from (*expressions(name), *expressions(each))


def _read(file: Path) -> Iterator[Found]:
    content = parsed(file.read_text())
    for kind, entries in content.items():
        for body in entries:
            labels = []
            for _ in range(_LABELS.get(kind, 0)):
                ((label, body),) = body.items()
                labels.append(label)
            inside = {name: value for name, value in body.items() if not name.startswith("__")}
            type_, name = (labels[0], labels[1]) if len(labels) == 2 else ("", "".join(labels))
            if kind == "provider":
                type_, name = name, inside.get("alias", [""])[0]
            yield Found(file, kind, type_, name, inside)


def _is_blocks(value: Any) -> bool:
    # The parser puts every value into a list. So a block is a dictionary of lists; a map's values are plain.
    return all(isinstance(each, dict) and all(isinstance(inner, list) for inner in each.values()) for each in value)
