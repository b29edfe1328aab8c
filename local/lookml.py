"""The LookML project of include/looker: views with their fields, explores, datagroups, dashboards."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import lkml
import yaml

from include.config import INCLUDE_DIR

DIRECTORY = INCLUDE_DIR / "looker"
MODEL = "analytics"
Definition = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A field as queries name it. A dimension group gives one a timeframe, named <group>_<timeframe>."""

    view: str
    name: str
    kind: str  # dimension or measure
    definition: Definition = field(repr=False)
    timeframe: str | None = None

    @property
    def type(self) -> str:
        return self.definition.get("type", "string")

    @property
    def filters(self) -> dict[str, str]:
        """Filter expressions by field, of a measure that counts only some rows."""
        return _filters(self.definition)


@dataclass(frozen=True)
class View:
    """A view over one table. `fields` are by name."""

    name: str
    table: str
    fields: Mapping[str, Field]
    definition: Definition = field(repr=False)

    @property
    def primary_key(self) -> Field:
        [key] = [each for each in self.fields.values() if each.definition.get("primary_key") == "yes"]
        return key


@dataclass(frozen=True)
class Explore:
    """An explore: the view of its name, and views joined to it."""

    name: str
    joins: Mapping[str, Definition]
    definition: Definition = field(repr=False)

    @property
    def views(self) -> list[str]:
        return [self.name, *self.joins]

    @property
    def always_filter(self) -> dict[str, str]:
        return _filters(self.definition.get("always_filter", {}))

    @property
    def always_where(self) -> str:
        """SQL of a condition that every query has; empty without one."""
        return self.definition.get("sql_always_where", "")


class Project:
    """The project in a directory. Raises lkml's SyntaxError, or KeyError for a constant that is not defined."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self.directory = directory
        self.manifest = _load(directory / "manifest.lkml")
        self.constants = {each["name"]: each["value"] for each in self.manifest["constants"]}
        self.model = _load(directory / f"{MODEL}.model.lkml")

    @cached_property
    def views(self) -> dict[str, View]:
        files = sorted((self.directory / "views").glob("*.view.lkml"))
        return {view.name: view for file in files for view in map(self._view, _load(file)["views"])}

    @cached_property
    def explores(self) -> dict[str, Explore]:
        return {
            each["name"]: Explore(each["name"], {join["name"]: join for join in each.get("joins", [])}, each)
            for each in self.model["explores"]
        }

    @cached_property
    def datagroups(self) -> dict[str, Definition]:
        return {each["name"]: each for each in self.model["datagroups"]}

    @cached_property
    def dashboards(self) -> dict[str, Definition]:
        files = sorted((self.directory / "dashboards").glob("*.dashboard.lookml"))
        return {each["dashboard"]: each for file in files for each in yaml.safe_load(file.read_text())}

    def fields(self, explore: str) -> dict[str, Field]:
        """Every field of an explore by its full name, <view>.<field>."""
        views = [self.views[name] for name in self.explores[explore].views]
        return {f"{view.name}.{name}": each for view in views for name, each in view.fields.items()}

    def with_constants(self, text: str) -> str:
        """A text with the values of the constants it names."""
        return re.sub(r"@\{(\w+)\}", lambda match: self.constants[match[1]], text)

    def _view(self, definition: Definition) -> View:
        name = definition["name"]
        fields = {each.name: each for each in _fields(name, definition)}
        return View(name, self.with_constants(definition["sql_table_name"]), fields, definition)


def _fields(view: str, definition: Definition) -> Iterator[Field]:
    for kind in ("dimension", "measure"):
        for each in definition.get(f"{kind}s", []):
            yield Field(view, each["name"], kind, each)
    for group in definition.get("dimension_groups", []):
        for timeframe in group["timeframes"]:
            yield Field(view, f"{group['name']}_{timeframe}", "dimension", group, timeframe)


def _filters(definition: Definition) -> dict[str, str]:
    # lkml gives filters: [a: "x", b: "y"] as a list of lists of pairs.
    return {name: value for one in definition.get("filters__all", []) for pair in one for name, value in pair.items()}


def _load(file: Path) -> Definition:
    with file.open() as stream:
        return lkml.load(stream)
