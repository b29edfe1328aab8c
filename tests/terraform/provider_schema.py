"""The schemas of the Terraform providers, read from their published CDKTF bindings.

The bindings carry, as generated TypeScript, every resource and data source of one provider version: attributes, nested
blocks, types, what is required. Nothing of them is run, and no provider is downloaded.
"""

import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

BINDINGS = {"snowflake": "cdktf_cdktf_provider_snowflake", "aws": "cdktf_cdktf_provider_aws"}

_INTERFACE = re.compile(r"^export interface (\w+)[^{\n]*\{\n(.*?)^\}", re.S | re.M)
_ARGUMENT = re.compile(r"/\*\*(?P<doc>(?:(?!\*/).)*?)\*/\s*readonly \w+(?P<optional>\??): (?P<type>[^;]+);", re.S)
_NAME = re.compile(r"#(\w+) \w+#\1\}")
_RESOURCE = re.compile(r'^(\w+)\.tfResourceType = "(\w+)"', re.M)
_WRITTEN_STRUCT = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.S | re.M)
_WRITTEN_ROOT = re.compile(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}", re.S | re.M)
_WRITTEN = re.compile(
    r"^ +(\w+): \{\s*value: [^\n]*\n\s*isBlock: (true|false),\s*type: \"(\w+)\",\s*storageClassType: \"(\w+)\"", re.M
)
_READ = re.compile(
    r"// (\w+) - computed: true, optional: false[^\n]*\n\s*get \w+\(\) \{\s*return this\.get(\w+)Attribute"
)
_READ_STRUCT = re.compile(r"// (\w+) - computed: true, optional: false[^\n]*\n\s*this\._")
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool"}
_READ_TYPES = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "StringMap": ["map", "string"],
}


@dataclass(frozen=True)
class Attribute:
    """An argument: `block` is what stands inside a nested block, `type` is the type of any other, as Terraform's JSON.

    `nesting` is list, set or struct for a block; `repeated` says whether it may stand more than once.
    """

    name: str
    required: bool
    description: str
    type: object = None
    block: "Block | None" = None
    nesting: str = ""
    repeated: bool = False


@dataclass(frozen=True)
class Block:
    """Arguments by name, and what can only be read, with its type."""

    arguments: Mapping[str, Attribute]
    computed: Mapping[str, object] = field(default_factory=dict)


class ProviderSchema:
    """Resources, data sources and the provider block of one provider version."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._package = BINDINGS[provider]
        self._sources = _read_sources(self._package)
        self._blocks: dict[tuple[str, str], Block | None] = {}
        self._provider_block: Block | None = None

    @property
    def version(self) -> str:
        """Version of the provider that the bindings were made from, e.g. 2.11.0."""
        found = re.search(r"provider version ([\d.]+\d)", _readme(self._package))
        if not found:
            raise LookupError(f"{self._package} does not say which provider version it was made from")
        return found[1]

    def resource(self, kind: str) -> Block | None:
        """Schema of a resource type such as aws_s3_bucket; None where the provider has none of that name."""
        return self._block(_folder(kind.removeprefix(f"{self.provider}_")), kind)

    def data_source(self, kind: str) -> Block | None:
        """Schema of a data source."""
        return self._block(f"data-{_folder(kind)}", kind)

    def provider_block(self) -> Block:
        """Schema of the provider block itself."""
        if self._provider_block is None:
            declarations, code = self._sources["provider"]
            name = next(name for name, _ in _INTERFACE.findall(declarations) if name.endswith("ProviderConfig"))
            self._provider_block = _Reader(declarations, code).root(name)
        return self._provider_block

    def preview_features(self) -> frozenset[str]:
        """Features of the Snowflake provider that have to be enabled by name."""
        description = self.provider_block().arguments["preview_features_enabled"].description
        return frozenset(re.findall(r"`(snowflake_\w+)`", description.split("Promoted features")[0]))

    def _block(self, folder: str, kind: str) -> Block | None:
        if (folder, kind) not in self._blocks:
            self._blocks[folder, kind] = self._read_block(folder, kind)
        return self._blocks[folder, kind]

    def _read_block(self, folder: str, kind: str) -> Block | None:
        declarations, code = self._sources.get(folder, ("", ""))
        found = _RESOURCE.search(code)
        if not found or found[2] != kind:
            return None
        names = [name for name, _ in _INTERFACE.findall(declarations)]
        # Where a nested block took the name, the resource's own has an A at its end.
        config = next(name for name in (f"{found[1]}Config", f"{found[1]}AConfig") if name in names)
        return _Reader(declarations, code).root(config)


@cache
def provider_schema(provider: str) -> ProviderSchema:
    """Schema of the provider `snowflake` or `aws`; read once a process, which takes some seconds for aws."""
    return ProviderSchema(provider)


class _Reader:
    """Puts together what the declarations say (required, documentation) and what the code says (blocks, types)."""

    def __init__(self, declarations: str, code: str) -> None:
        self._interfaces = dict(_INTERFACE.findall(declarations))
        self._written = {name.lower(): body for name, body in _WRITTEN_STRUCT.findall(code)}
        self._root = "".join(_WRITTEN_ROOT.findall(code))
        own = re.search(
            r"^class \w+ extends cdktf\.Terraform(Resource|DataSource|Provider) \{\n.*?^\}", code, re.S | re.M
        )
        self._code = own[0] if own else ""

    def root(self, config: str) -> Block:
        arguments = self._arguments(config, self._root)
        computed: dict[str, object] = dict.fromkeys(_READ_STRUCT.findall(self._code), "dynamic")
        computed |= {name: _READ_TYPES.get(kind, "dynamic") for name, kind in _READ.findall(self._code)}
        return Block(arguments, {name: kind for name, kind in computed.items() if name not in arguments})

    def _arguments(self, interface: str, written: str) -> dict[str, Attribute]:
        shapes = {name: (block == "true", kind, storage) for name, block, kind, storage in _WRITTEN.findall(written)}
        arguments = {}
        for found in _ARGUMENT.finditer(self._interfaces.get(interface, "")):
            named = _NAME.search(found["doc"])
            if not named or named[1] not in shapes:
                continue
            name, (is_block, kind, storage) = named[1], shapes[named[1]]
            required = not found["optional"]
            if is_block:
                inner = re.sub(r"cdktf\.IResolvable|[\[\]|() \n]", "", found["type"])
                block = Block(self._arguments(inner, self._written.get(inner.lower(), "")))
                arguments[name] = Attribute(
                    name, required, found["doc"], block=block, nesting=kind, repeated="[]" in found["type"]
                )
            else:
                arguments[name] = Attribute(name, required, found["doc"], type=_type(kind, storage))
        return arguments


def _type(kind: str, storage: str) -> object:
    if storage in _SIMPLE:
        return _SIMPLE[storage]
    for ending, container in (("List", kind if kind in ("list", "set") else "list"), ("Map", "map")):
        if storage.removesuffix(ending) in _SIMPLE:
            return [container, _SIMPLE[storage.removesuffix(ending)]]
    return "dynamic"


def _folder(kind: str) -> str:
    return kind.replace("_", "-")


def _readme(package: str) -> str:
    return metadata.distribution(package.replace("_", "-")).read_text("METADATA") or ""


def _read_sources(package: str) -> dict[str, tuple[str, str]]:
    """Declarations and code of each folder of the bindings."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{package} is not installed: terraform/check makes the environment that has it")
    (archive,) = (Path(spec.submodule_search_locations[0]) / "_jsii").glob("*.tgz")
    parts: dict[str, dict[str, str]] = {}
    with tarfile.open(archive) as bindings:
        for member in bindings:
            place = member.name.split("/")
            if len(place) == 4 and place[3] in ("index.d.ts", "index.js"):
                content = bindings.extractfile(member)
                parts.setdefault(place[2], {})[place[3]] = content.read().decode() if content else ""
    return {folder: (files["index.d.ts"], files["index.js"]) for folder, files in parts.items() if len(files) == 2}
