"""What is checked of terraform/ by reading it. Each check takes the folder and returns what it found, one text each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.terraform.configuration import (
    ENVIRONMENTS,
    META_ARGUMENTS,
    MODULES,
    Found,
    arguments,
    blocks,
    expressions,
    files,
    folders,
    local_values,
    nested,
    parsed,
)
from tests.terraform.provider_schema import BINDINGS, Block, provider_schema

LONGEST_FILE = 260
# Terraform's own blocks inside a resource.
META_BLOCKS = {"lifecycle"}
# Variables that no rule could judge: what is right only another system knows.
WITHOUT_VALIDATION = {"snowflake_iam_user_arn"}
SECRET = re.compile(r"password|passphrase|secret_value|secret_string|private_key|token|credential|api_key", re.I)
# Resources that would put a secret into the state.
SECRET_RESOURCES = {
    "aws_secretsmanager_secret_version",
    "aws_iam_access_key",
    "tls_private_key",
    "random_password",
    "snowflake_user",
}
_REFERENCE = re.compile(r"\b(data\.)?((?:snowflake|aws)_\w+)\.(\w+)(?:\[[^\]]*\])?\.(\w+)")


def unreadable(root: Path) -> list[str]:
    """Files that are not Terraform's language, or too long to be read by people."""
    found = []
    for file in files(root):
        try:
            parsed(file.read_text())
        except Exception as error:  # the parser's errors have no common class
            found.append(f"{file.name} cannot be parsed: {str(error).splitlines()[0]}")
        if len(file.read_text().splitlines()) > LONGEST_FILE:
            found.append(f"{file.name} has more than {LONGEST_FILE} lines: split it by subject")
    return found


def unknown_to_the_provider(root: Path) -> list[str]:
    """Resource types, arguments, nested blocks and references that the provider's schema does not have, or misses."""
    found = []
    for folder in folders(root):
        known = {}
        for block in blocks(folder, "resource", "data", "provider"):
            schema = _schema_of(block)
            if schema is None:
                found.append(f"{block}: the provider has no such {block.kind}")
                continue
            known[block.kind, block.type, block.name] = schema
            found += _differences(str(block), block.body, schema)
        found += _bad_references(folder, known)
    return found


def unpinned(root: Path) -> list[str]:
    """Providers whose version is not held to that whose schema was read."""
    found = []
    for folder in folders(root):
        declared = {
            name: each[0].get("version")
            for block in blocks(folder, "terraform")
            for required in block.body.get("required_providers", [])
            for name, each in required.items()
        }
        used = {block.type.split("_")[0] for block in blocks(folder, "resource", "data")} | set(declared)
        for provider in sorted(used):
            wanted = f"~> {provider_schema(provider).version}"
            if declared.get(provider) != wanted:
                found.append(f"{folder.name}: provider {provider} is held to {declared.get(provider)}, not to {wanted}")
    return found


def preview_features(root: Path) -> list[str]:
    """Differences between the preview features that an environment enables and those that are used."""
    used = {f"{block.type}_resource" for block in blocks(root / "modules" / "snowflake", "resource")}
    needed = sorted(used & provider_schema("snowflake").preview_features())
    return [
        f"{environment}: preview_features is {enabled}, but what is used needs {needed}"
        for environment in ENVIRONMENTS
        if (enabled := local_values(root / "envs" / environment).get("preview_features")) != needed
    ]


def undescribed(root: Path) -> list[str]:
    """Variables and outputs without a description, variables without a type, or of a module without a rule."""
    found = []
    for folder in folders(root):
        for block in blocks(folder, "variable", "output"):
            told = arguments(block.body)
            if len(told.get("description", "")) < 15:
                found.append(f"{block} has no description")
            if block.kind == "variable" and "type" not in told:
                found.append(f"{block} has no type")
            judged = "validation" in block.body or "bool" in str(told.get("type")) or block.name in WITHOUT_VALIDATION
            if block.kind == "variable" and folder.parent.name == "modules" and not judged:
                found.append(f"{block} has no validation")
    return found


def unused(root: Path) -> list[str]:
    """Variables that nothing reads."""
    found = []
    for folder in folders(root):
        text = "\n".join(file.read_text() for file in sorted(folder.glob("*.tf")))
        for block in blocks(folder, "variable"):
            without_its_own = text.replace(_text_of_variable(text, block.name), "")
            if not re.search(rf"\bvar\.{block.name}\b", without_its_own):
                found.append(f"{block} is read nowhere")
    return found


def secrets(root: Path) -> list[str]:
    """Variables, arguments and resources through which a secret could come into the code or the state."""
    found = []
    for folder in folders(root):
        for block in blocks(folder):
            if block.kind == "variable" and SECRET.search(block.name):
                found.append(f"{block} is named like a secret: secrets go to Secrets Manager by hand")
            if block.kind == "resource" and block.type in SECRET_RESOURCES:
                found.append(f"{block} would put a secret into the state")
            if block.kind in ("resource", "provider"):
                set_ = [name for name in arguments(block.body) if SECRET.search(name)]
                found += [f"{block} sets {name}" for name in set_]
        for file in sorted(folder.iterdir()):
            if file.is_file() and "PRIVATE KEY-----" in file.read_text():
                found.append(f"{folder.name}/{file.name} holds a private key")
    return found


def environments(root: Path) -> list[str]:
    """Module calls that miss a required variable or pass one that does not exist; environments that are not alike."""
    found = []
    for environment in ENVIRONMENTS:
        folder = root / "envs" / environment
        calls = {call.name: arguments(call.body) for call in blocks(folder, "module")}
        for module in MODULES:
            variables = {block.name: block for block in blocks(root / "modules" / module, "variable")}
            required = {name for name, block in variables.items() if "default" not in block.body}
            passed = set(calls.get(module, {})) - META_ARGUMENTS
            found += [f"{environment} does not pass {module}.{name}" for name in sorted(required - passed)]
            found += [
                f"{environment} passes {module}.{name}, which does not exist"
                for name in sorted(passed - set(variables))
            ]
        found += _bad_outputs(root, folder)
        found += _bad_example(folder)
    for kind in ("variable", "output"):
        names = [{block.name for block in blocks(root / "envs" / each, kind)} for each in ENVIRONMENTS]
        found += [f"only one environment has the {kind} {name}" for name in sorted(names[0] ^ names[1])]
    return found


def _schema_of(block: Found) -> Block | None:
    provider = block.type.split("_")[0]
    if provider not in BINDINGS:
        return None
    schema = provider_schema(provider)
    if block.kind == "provider":
        return schema.provider_block()
    return schema.resource(block.type) if block.kind == "resource" else schema.data_source(block.type)


def _differences(where: str, body: dict[str, Any], schema: Block) -> Iterator[str]:
    own = {name for name in arguments(body) if name not in META_ARGUMENTS}
    inner = [(name, each) for name, each in nested(body) if name not in META_BLOCKS]
    for name in sorted(own | {name for name, _ in inner}):
        if name in schema.computed and name not in schema.arguments:
            yield f"{where}: {name} can only be read"
        elif name not in schema.arguments:
            yield f"{where}: there is no {name}"
        elif schema.arguments[name].block and name in own:
            yield f"{where}: {name} is a block, not an argument"
    for name, attribute in schema.arguments.items():
        times = sum(each == name for each, _ in inner)
        if attribute.required and name not in own and not times:
            yield f"{where}: {name} is missing"
        if attribute.block and not attribute.repeated and times > 1 and "dynamic" not in body:
            yield f"{where}: {name} may stand there once"
    for name, each in inner:
        known = schema.arguments.get(name)
        if known and known.block:
            yield from _differences(f"{where}.{name}", each, known.block)


def _bad_references(folder: Path, known: dict[tuple[str, str, str], Block]) -> Iterator[str]:
    for block in blocks(folder):
        for text in expressions(block.body):
            for data, kind, name, attribute in _REFERENCE.findall(text):
                schema = known.get(("data" if data else "resource", kind, name))
                if schema is None:
                    yield f"{block}: {data}{kind}.{name} does not exist"
                elif attribute not in schema.arguments and attribute not in schema.computed:
                    yield f"{block}: {data}{kind}.{name} has no {attribute}"


def _bad_outputs(root: Path, folder: Path) -> Iterator[str]:
    outputs = {module: {block.name for block in blocks(root / "modules" / module, "output")} for module in MODULES}
    for file in sorted(folder.glob("*.tf")):
        for module, name in re.findall(r"\bmodule\.(\w+)\.(\w+)", file.read_text()):
            if name not in outputs.get(module, set()):
                yield f"{folder.name}/{file.name}: module {module} has no output {name}"


def _bad_example(folder: Path) -> Iterator[str]:
    """Whether terraform.tfvars.example sets what is required and nothing that does not exist."""
    given = {name for name in parsed((folder / "terraform.tfvars.example").read_text()) if not name.startswith("__")}
    variables = {block.name: block for block in blocks(folder, "variable")}
    required = {name for name, block in variables.items() if "default" not in block.body}
    yield from (f"{folder.name}: terraform.tfvars.example lacks {name}" for name in sorted(required - given))
    yield from (f"{folder.name}: terraform.tfvars.example sets {name}" for name in sorted(given - set(variables)))


def _text_of_variable(text: str, name: str) -> str:
    found = re.search(rf'^variable "{name}" \{{\n.*?^\}}', text, re.S | re.M)
    return found[0] if found else ""


ALL = (
    unreadable,
    unknown_to_the_provider,
    unpinned,
    preview_features,
    undescribed,
    unused,
    secrets,
    environments,
)
