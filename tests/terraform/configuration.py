"""terraform/ as python-hcl2 reads it: blocks with their attributes, expressions as text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

REPOSITORY = Path(__file__).parents[2]
TERRAFORM = REPOSITORY / "terraform"
MODULES = ("snowflake", "aws")
ENVIRONMENTS = ("dev", "prod")

# Arguments that Terraform itself reads, whatever the provider.
META_ARGUMENTS = {"provider", "for_each", "count", "depends_on", "lifecycle", "providers", "source", "version", "alias"}


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


def blocks(folder: Path, *kinds: str) -> list[Found]:
    """Blocks of a module's folder, all or only some kinds."""
    found = [block for file in sorted(folder.glob("*.tf")) for block in _read(file)]
    return [block for block in found if not kinds or block.kind in kinds]


def local_values(folder: Path) -> dict[str, Any]:
    """The locals of a module, as they are written."""
    return {name: value for block in blocks(folder, "locals") for name, value in block.body.items()}


def nested(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Blocks that stand in a block; of a dynamic one, what it makes."""
    for name, value in body.items():
        if not _is_blocks(value):
            continue
        for each in value:
            if name == "dynamic":
                for made, inside in each.items():
                    yield from ((_bare(made), content) for content in inside["content"])
            else:
                yield _bare(name), each


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """What is set by `name = value`."""
    return {_bare(name): value for name, value in body.items() if not _is_blocks(value) and name != "__is_block__"}


def literal(value: Any) -> Any:
    """A written value without the quotes of its texts."""
    if isinstance(value, str):
        return _bare(value)
    if isinstance(value, list):
        return [literal(each) for each in value]
    if isinstance(value, dict):
        return {_bare(name): literal(each) for name, each in value.items() if name != "__is_block__"}
    return value


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
    with file.open() as text:
        content = _without_comments(hcl2.load(text))
    for kind, entries in content.items():
        for entry in entries if isinstance(entries, list) else []:
            labels = []
            body = entry
            while "__is_block__" not in body and len(body) == 1 and isinstance(next(iter(body.values())), dict):
                ((label, body),) = body.items()
                labels.append(_bare(label))
            type_, name = ("", "") if not labels else ("", labels[0]) if len(labels) == 1 else (labels[0], labels[1])
            if kind == "provider":
                type_, name = name, literal(body.get("alias", ""))
            yield Found(file, kind, type_, name, {key: each for key, each in body.items() if key != "__is_block__"})


def _without_comments(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_comments(each) for name, each in value.items() if not name.endswith("comments__")}
    return [_without_comments(each) for each in value] if isinstance(value, list) else value


def _is_blocks(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and _holds_block(each) for each in value)


def _holds_block(value: dict[str, Any]) -> bool:
    return "__is_block__" in value or any(isinstance(each, dict) and "__is_block__" in each for each in value.values())


def _bare(text: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text, re.S)
    return quoted[1] if quoted else text
