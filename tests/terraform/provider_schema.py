"""The schemas of the Terraform providers, read from their published CDKTF bindings.

The bindings carry, as TypeScript, every resource and data source of one provider version: attributes, nested blocks, what
is required. Nothing of them is run, and no provider is downloaded.
"""

import re
import tarfile
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

BINDINGS = {"snowflake": "cdktf_cdktf_provider_snowflake", "aws": "cdktf_cdktf_provider_aws"}

_INTERFACE = re.compile(r"^export interface (\w+)[^{\n]*\{\n(.*?)^\}", re.S | re.M)
_FIELD = re.compile(r"/\*\*(?P<doc>(?:(?!\*/).)*?)\*/\s*readonly (?P<name>\w+)(?P<optional>\??): (?P<type>[^;]+);", re.S)
_DOCUMENTED_NAME = re.compile(r"#(\w+) \w+#\1\}")
_TYPE = re.compile(r'\.tfResourceType = "(\w+)"')
_COMPUTED = re.compile(r"// (\w+) - computed: true")
_BLOCK = re.compile(r"^ +(\w+): \{\s*value: [^\n]*\n\s*isBlock: true", re.M)


@dataclass(frozen=True)
class Attribute:
    """An argument of a resource, data source or block. `block` is what stands inside where it is a nested block."""

    name: str
    required: bool
    description: str
    block: "Block | None" = None
    repeated: bool = False

    @property
    def deprecated(self) -> bool:
        return "deprecated" in self.description.lower()


@dataclass(frozen=True)
class Block:
    """Arguments by name, and the names that can only be read."""

    attributes: dict[str, Attribute]
    computed: frozenset[str] = field(default_factory=frozenset)


class ProviderSchema:
    """Resources, data sources and the provider block of one provider version."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._package = BINDINGS[provider]
        self._sources = _read_sources(self._package)

    @property
    def version(self) -> str:
        """Version of the provider, as the bindings' package tells it, e.g. 2.11.0."""
        text = metadata.metadata(self._package.replace("_", "-")).get_payload() or ""
        found = re.search(r"provider version ([\d.]+\d)", str(text))
        if not found:
            raise LookupError(f"{self._package} does not say which provider version it was made from")
        return found[1]

    def resource(self, kind: str) -> Block | None:
        """Schema of a resource type such as aws_s3_bucket; None where the provider has none of that name."""
        return self._block(_folder(kind, self.provider), kind)

    def data_source(self, kind: str) -> Block | None:
        """Schema of a data source."""
        return self._block("data-" + kind.replace("_", "-"), kind)

    def provider_block(self) -> Block:
        """Schema of the provider block itself."""
        declarations, _ = self._sources["provider"]
        interfaces = dict(_INTERFACE.findall(declarations))
        name = next(name for name in interfaces if name.endswith("ProviderConfig"))
        return _block_of(name, interfaces, frozenset())

    def preview_features(self) -> frozenset[str]:
        """Features of the Snowflake provider that have to be enabled by name."""
        description = self.provider_block().attributes["preview_features_enabled"].description
        listed = description.split("Promoted features")[0]
        return frozenset(re.findall(r"`(snowflake_\w+)`", listed))

    def _block(self, folder: str, kind: str) -> Block | None:
        found = self._sources.get(folder)
        if found is None:
            return None
        declarations, code = found
        named = _TYPE.search(code)
        if not named or named[1] != kind:
            return None
        interfaces = dict(_INTERFACE.findall(declarations))
        config = next(name for name in interfaces if name.endswith("Config") and name == _class_of(code) + "Config")
        return _block_of(config, interfaces, frozenset(_COMPUTED.findall(code)), frozenset(_BLOCK.findall(code)))


@cache
def provider_schema(provider: str) -> ProviderSchema:
    """Schema of the provider `snowflake` or `aws`; read once a process, which takes some seconds for aws."""
    return ProviderSchema(provider)


def _folder(kind: str, provider: str) -> str:
    return kind.removeprefix(f"{provider}_").replace("_", "-")


def _class_of(code: str) -> str:
    found = re.search(r"^(\w+)\.tfResourceType", code, re.M)
    return found[1] if found else ""


def _block_of(name: str, interfaces: dict[str, str], computed: frozenset[str], blocks: frozenset[str] | None = None) -> Block:
    attributes = {}
    for found in _FIELD.finditer(interfaces[name]):
        documented = _DOCUMENTED_NAME.search(found["doc"])
        if not documented:
            continue
        inner = re.sub(r"cdktf\.IResolvable|[\[\]|() ]", "", found["type"])
        nested = None
        if inner in interfaces and (blocks is None or documented[1] in blocks):
            nested = _block_of(inner, interfaces, computed, blocks)
        attributes[documented[1]] = Attribute(
            documented[1], not found["optional"], found["doc"], nested, repeated="[]" in found["type"]
        )
    return Block(attributes, computed)


def _read_sources(package: str) -> dict[str, tuple[str, str]]:
    """Declarations and code of each folder of the bindings."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{package} is not installed: make the environment of requirements-checks.txt")
    (archive,) = (Path(spec.submodule_search_locations[0]) / "_jsii").glob("*.tgz")
    parts: dict[str, dict[str, str]] = {}
    with tarfile.open(archive) as bindings:
        for member in bindings:
            place = member.name.split("/")
            if len(place) == 4 and place[3] in ("index.d.ts", "index.js"):
                content = bindings.extractfile(member)
                parts.setdefault(place[2], {})[place[3]] = content.read().decode() if content else ""
    return {folder: (files["index.d.ts"], files["index.js"]) for folder, files in parts.items() if len(files) == 2}
