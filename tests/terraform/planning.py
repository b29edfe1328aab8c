"""Terraform itself at work on terraform/, with stub providers for the real ones: nothing is downloaded or created."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.terraform.configuration import META_ARGUMENTS, blocks, folders
from tests.terraform.provider_schema import Attribute, Block, provider_schema
from tests.terraform.stub_provider import SCHEMA_FILE

STUB = Path(__file__).with_name("stub_provider.py")
SOURCES = {"snowflake": "snowflakedb/snowflake", "aws": "hashicorp/aws"}
SECONDS = 600


class TerraformFailed(Exception):
    """Terraform ended with an error; the text is what it said."""


def terraform() -> str | None:
    """Path of the terraform binary; None where there is none."""
    return os.environ.get("TERRAFORM") or shutil.which("terraform")


@dataclass(frozen=True)
class Applied:
    """What an apply has ended in: resources with their values, by address, outputs, and what Terraform said."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]
    said: str

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Resources of one type, by address within all modules."""
        return {address: values for address, values in self.resources.items() if f".{kind}." in f".{address}"}


class Workbench:
    """A copy of terraform/ in a directory of its own, in which Terraform finds the stub providers."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root = directory / "terraform"
        shutil.copytree(root, self.root, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars", "backend.hcl"))
        self._directory = directory
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TF_", "SNOWFLAKE_", "AWS_"))},
            "TF_CLI_CONFIG_FILE": str(_install_stubs(self.root, directory)),
            "TF_DISABLE_PLUGIN_TLS": "1",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def validate(self, environment: str) -> list[str]:
        """Errors that `terraform validate` finds in dev or prod."""
        place = self._initialized(environment)
        answer = json.loads(self._terraform(place, "validate", "-json", failing=True))
        return [
            f"{found.get('range', {}).get('filename', environment)}: {found['summary']}: {found.get('detail', '')}"
            for found in answer["diagnostics"]
        ]

    def apply(self, environment: str, variables: dict[str, Any]) -> Applied:
        """Apply dev or prod with these variables, as a first apply or on top of the one before.

        Raises:
            TerraformFailed: the configuration or a variable is refused.
        """
        place = self._initialized(environment)
        (place / "terraform.tfvars.json").write_text(json.dumps(variables))
        said = self._terraform(place, "apply", "-auto-approve", "-input=false", "-no-color")
        shown = json.loads(self._terraform(place, "show", "-json"))["values"]
        resources = {each["address"]: each["values"] for each in _resources(shown["root_module"])}
        return Applied(resources, {name: each.get("value") for name, each in shown["outputs"].items()}, said)

    def _initialized(self, environment: str) -> Path:
        place = self.root / "envs" / environment
        if not (place / ".terraform").exists():
            (place / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
            self._terraform(place, "init", "-input=false", "-no-color")
        return place

    def _terraform(self, place: Path, *arguments: str, failing: bool = False) -> str:
        binary = terraform()
        assert binary, "no terraform binary"
        done = subprocess.run(
            [binary, *arguments], cwd=place, env=self._environment, capture_output=True, text=True, timeout=SECONDS
        )
        if done.returncode and not failing:
            raise TerraformFailed(f"terraform {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout


def _resources(module: dict[str, Any]) -> list[dict[str, Any]]:
    own = [each for each in module.get("resources", []) if each["mode"] == "managed"]
    return own + [each for child in module.get("child_modules", []) for each in _resources(child)]


def _install_stubs(root: Path, directory: Path) -> Path:
    """Lay out a mirror of providers for `terraform init`; returns the CLI configuration that leads there."""
    mirror = directory / "mirror"
    for provider, source in SOURCES.items():
        schema = directory / f"{provider}.json"
        schema.write_text(json.dumps(_served(provider, root)))
        version = provider_schema(provider).version
        place = mirror / "registry.terraform.io" / source / version / _platform()
        place.mkdir(parents=True)
        binary = place / f"terraform-provider-{provider}_v{version}"
        binary.write_text(f'#!/bin/sh\n{SCHEMA_FILE}="{schema}" exec "{sys.executable}" "{STUB}"\n')
        binary.chmod(0o755)
    configuration = directory / "terraformrc"
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return configuration


def _platform() -> str:
    binary = terraform()
    assert binary, "no terraform binary"
    told = subprocess.run([binary, "version", "-json"], capture_output=True, text=True, timeout=SECONDS, check=True)
    return json.loads(told.stdout)["platform"]


def _served(provider: str, root: Path) -> dict[str, Any]:
    """Schemas of what the configuration uses of a provider: the whole would be some hundred megabytes."""
    schema = provider_schema(provider)
    used = [block for folder in folders(root) for block in blocks(folder, "resource", "data")]
    names = {kind: {block.type for block in used if block.kind == kind} for kind in ("resource", "data")}
    found = {
        "resources": {name: schema.resource(name) for name in sorted(names["resource"]) if name.startswith(provider)},
        "data_sources": {name: schema.data_source(name) for name in sorted(names["data"]) if name.startswith(provider)},
    }
    served: dict[str, Any] = {
        kind: {name: _as_served(block) for name, block in each.items() if block} for kind, each in found.items()
    }
    return {"provider": _as_served(schema.provider_block()), **served}


def _as_served(block: Block) -> dict[str, Any]:
    plain = {
        name: each
        for name, each in block.arguments.items()
        if each.block is None and name not in META_ARGUMENTS - {"version"}
    }
    attributes: dict[str, Any] = {
        name: {
            "type": each.type,
            "required": each.required,
            "optional": not each.required,
            "computed": name in ("id", "region") and not each.required,
        }
        for name, each in plain.items()
    }
    for name, kind in block.computed.items():
        attributes[name] = {"type": kind, "required": False, "optional": False, "computed": True}
    nested = {name: _nested(each) for name, each in block.arguments.items() if each.block}
    return {"attributes": attributes, "blocks": nested}


def _nested(attribute: Attribute) -> dict[str, Any]:
    assert attribute.block
    several = attribute.repeated or attribute.nesting == "struct"
    return {
        **_as_served(attribute.block),
        "nesting": attribute.nesting if attribute.nesting in ("struct", "set") else "list",
        "min_items": int(attribute.required and attribute.nesting != "struct"),
        "max_items": 0 if several else 1,
    }
