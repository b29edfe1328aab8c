"""A Terraform provider that knows a schema and does nothing: so Terraform validates and applies without the real one.

Terraform starts it as it would start a real provider (the protocol is tfplugin5 over gRPC on a Unix socket). It answers
with the schemas in the file that STUB_PROVIDER_SCHEMA names. What it plans and applies is what the configuration says;
what a real provider would compute is a made-up text that tells where it came from. Nothing is ever created.
"""

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import msgpack

SCHEMA_FILE = "STUB_PROVIDER_SCHEMA"
ACCOUNT = "111122223333"
REGION = "eu-west-1"
LONGEST_SECONDS = 900  # in case Terraform is killed and cannot say that it is over
_NESTING = {"struct": 1, "list": 2, "set": 3}


def main() -> None:
    """Serve until Terraform says to stop."""
    schema = json.loads(Path(os.environ[SCHEMA_FILE]).read_text())
    stopped = threading.Event()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((_Handlers(_Provider(schema), stopped),))
    with tempfile.TemporaryDirectory(prefix="stub-") as directory:
        server.add_insecure_port(f"unix:{directory}/provider")
        server.start()
        print(f"1|5|unix|{directory}/provider|grpc|", flush=True)
        stopped.wait(timeout=LONGEST_SECONDS)
        server.stop(grace=None)


class _Handlers(grpc.GenericRpcHandler):
    """Every method takes and gives the bytes of a message; what is not known is answered as not implemented."""

    def __init__(self, provider: "_Provider", stopped: threading.Event) -> None:
        self._stopped = stopped
        self._methods: dict[str, Callable[[dict[int, list[bytes]]], bytes]] = {
            "/tfplugin5.Provider/GetSchema": provider.schema,
            "/tfplugin5.Provider/PrepareProviderConfig": lambda request: field(1, _first(request, 1)),
            "/tfplugin5.Provider/ValidateResourceTypeConfig": lambda request: b"",
            "/tfplugin5.Provider/ValidateDataSourceConfig": lambda request: b"",
            "/tfplugin5.Provider/Configure": lambda request: b"",
            "/tfplugin5.Provider/PlanResourceChange": provider.plan,
            "/tfplugin5.Provider/ApplyResourceChange": lambda request: field(1, _first(request, 3)),
            "/tfplugin5.Provider/ReadResource": lambda request: field(1, _first(request, 2)),
            "/tfplugin5.Provider/UpgradeResourceState": lambda request: field(1, field(2, _json(request))),
            "/tfplugin5.Provider/ReadDataSource": provider.read_data_source,
            "/tfplugin5.Provider/Stop": lambda request: b"",
            "/plugin.GRPCController/Shutdown": self._shut_down,
        }

    def _shut_down(self, _: dict[int, list[bytes]]) -> bytes:
        self._stopped.set()
        return b""

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = self._methods.get(call.method)
        if method is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, _: method(fields(request)))


class _Provider:
    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def schema(self, _: dict[int, list[bytes]]) -> bytes:
        """GetProviderSchema.Response."""
        answer = field(1, _schema(self._schema["provider"]))
        for number, kind in ((2, "resources"), (3, "data_sources")):
            for name, block in self._schema[kind].items():
                answer += field(number, field(1, name.encode()) + field(2, _schema(block)))
        return answer

    def plan(self, request: dict[int, list[bytes]]) -> bytes:
        """PlanResourceChange.Response: the proposed state, with what the provider would compute made up."""
        kind = _first(request, 1).decode()
        proposed = _value(_first(request, 3))
        if proposed is not None:
            proposed |= _computed(kind, self._schema["resources"][kind], proposed)
        return field(1, field(1, msgpack.packb(proposed)))

    def read_data_source(self, request: dict[int, list[bytes]]) -> bytes:
        """ReadDataSource.Response."""
        kind = _first(request, 1).decode()
        state = _value(_first(request, 2))
        block = self._schema["data_sources"][kind]
        state |= _computed(kind, block, state)
        if kind == "aws_iam_policy_document":
            state["json"] = policy_document(state)
        elif kind == "aws_caller_identity":
            state["account_id"] = ACCOUNT
        elif kind == "aws_partition":
            state["partition"] = "aws"
        return field(1, field(1, msgpack.packb(state)))


def policy_document(state: dict[str, Any]) -> str:
    """The JSON that data source aws_iam_policy_document makes of its statements."""
    statements = []
    for statement in state["statement"]:
        written = {"Effect": statement["effect"] or "Allow", "Action": statement["actions"]}
        if statement["sid"]:
            written["Sid"] = statement["sid"]
        if statement["resources"]:
            written["Resource"] = statement["resources"]
        if statement["principals"]:
            named = {who["type"]: who["identifiers"] for who in statement["principals"]}
            written["Principal"] = "*" if "*" in named else named
        for condition in statement["condition"]:
            test = written.setdefault("Condition", {}).setdefault(condition["test"], {})
            test[condition["variable"]] = condition["values"]
        statements.append(written)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _computed(kind: str, block: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Made-up values of what nobody has set, as far as they are texts."""
    made = {}
    named = state.get("name") or state.get("bucket") or "x"
    for name, attribute in block["attributes"].items():
        if attribute["computed"] and attribute["type"] == "string" and state.get(name) is None:
            made[name] = f"<{kind}.{named}.{name}>"
    if "fully_qualified_name" in made:
        place = [state[part] for part in ("database", "schema") if state.get(part)]
        made["fully_qualified_name"] = ".".join(f'"{part}"' for part in (*place, named))
    if "arn" in made:
        service, _, rest = kind.removeprefix("aws_").partition("_")
        made["arn"] = f"arn:aws:s3:::{named}" if kind == "aws_s3_bucket" else f"arn:aws:{service}:::{rest}/{named}"
    if kind == "aws_s3_bucket":
        made["id"] = named
    if "region" in made:
        made["region"] = REGION
    return made


def _schema(block: dict[str, Any]) -> bytes:
    return field(2, _block(block))


def _block(block: dict[str, Any]) -> bytes:
    message = b""
    for name, attribute in block["attributes"].items():
        told = field(1, name.encode()) + field(2, json.dumps(attribute["type"]).encode())
        for number, key in ((4, "required"), (5, "optional"), (6, "computed")):
            told += number_field(number, int(attribute[key]))
        message += field(2, told)
    for name, nested in block["blocks"].items():
        told = field(1, name.encode()) + field(2, _block(nested)) + number_field(3, _NESTING[nested["nesting"]])
        told += number_field(4, nested["min_items"]) + number_field(5, nested["max_items"])
        message += field(3, told)
    return message


def _value(message: bytes) -> Any:
    """Value of a DynamicValue; what is unknown in it stays so."""
    return msgpack.unpackb(_first(fields(message), 1), ext_hook=msgpack.ExtType, strict_map_key=False)


def _json(request: dict[int, list[bytes]]) -> bytes:
    """The JSON of a resource's stored state."""
    return _first(fields(_first(request, 3)), 1)


def _first(message: dict[int, list[bytes]], number: int) -> bytes:
    return message.get(number, [b""])[0]


# Protocol Buffers, as far as these messages need them: numbers and lengths are varints, everything else has a length.


def fields(message: bytes) -> dict[int, list[bytes]]:
    """Fields of a message that have a length, by their number."""
    found: dict[int, list[bytes]] = {}
    rest = iter(message)
    while (tag := _varint(rest)) is not None:
        if tag & 7 == 2:
            length = _varint(rest) or 0
            found.setdefault(tag >> 3, []).append(bytes(next(rest) for _ in range(length)))
        elif tag & 7 == 0:
            _varint(rest)
        else:
            raise ValueError(f"wire type {tag & 7} is not used by tfplugin5")
    return found


def field(number: int, content: bytes) -> bytes:
    """A field with a length."""
    return _encoded(number << 3 | 2) + _encoded(len(content)) + content


def number_field(number: int, content: int) -> bytes:
    """A field that is a number; nought is left out, as it is the default."""
    return _encoded(number << 3) + _encoded(content) if content else b""


def _varint(rest: Iterator[int]) -> int | None:
    result, shift = 0, 0
    for byte in rest:
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result
        shift += 7
    return None


def _encoded(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


if __name__ == "__main__":
    main()
