"""The Google Analytics 4 export tables: their schema, and events encoded as BigQuery's REST rows.

A row is `{"f": [{"v": <cell>}, ...]}` with every scalar as a string. Rows are put together as text, column by
column in Arrow, so that no Python object is made for each of them.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = pa.Array | pa.ChunkedArray
Field = dict[str, Any]
Selection = frozenset[str]  # dotted names of scalar fields
Parts: TypeAlias = list[Any]  # text that every row shares, and columns of text
Encoder = Callable[[pa.Table, date, Selection], Parts]

NO_CELL = '{"v":null}'


def _field(name: str, kind: str, *fields: Field, repeated: bool = False) -> Field:
    field: Field = {"name": name, "type": kind, "mode": "REPEATED" if repeated else "NULLABLE"}
    if fields:
        field["fields"] = list(fields)
    return field


SCHEMA: list[Field] = [
    _field("event_date", "STRING"),
    _field("event_timestamp", "INTEGER"),
    _field("event_name", "STRING"),
    _field(
        "event_params",
        "RECORD",
        _field("key", "STRING"),
        _field(
            "value",
            "RECORD",
            _field("string_value", "STRING"),
            _field("int_value", "INTEGER"),
            _field("float_value", "FLOAT"),
            _field("double_value", "FLOAT"),
        ),
        repeated=True,
    ),
    _field("event_bundle_sequence_id", "INTEGER"),
    _field("user_id", "STRING"),
    _field("user_pseudo_id", "STRING"),
    _field("device", "RECORD", _field("category", "STRING")),
    _field("geo", "RECORD", _field("country", "STRING")),
    _field(
        "traffic_source", "RECORD", _field("name", "STRING"), _field("medium", "STRING"), _field("source", "STRING")
    ),
    _field("stream_id", "STRING"),
    _field("platform", "STRING"),
    _field("ecommerce", "RECORD", _field("purchase_revenue", "FLOAT"), _field("transaction_id", "STRING")),
    _field(
        "items",
        "RECORD",
        _field("item_id", "STRING"),
        _field("item_name", "STRING"),
        _field("price", "FLOAT"),
        _field("quantity", "INTEGER"),
        repeated=True,
    ),
    _field("batch_page_id", "INTEGER"),
    _field("batch_ordering_id", "INTEGER"),
    _field("batch_event_index", "INTEGER"),
]


def _leaves(fields: list[Field], prefix: str = "") -> list[str]:
    names = []
    for field in fields:
        name = prefix + field["name"]
        names += _leaves(field["fields"], f"{name}.") if "fields" in field else [name]
    return names


ALL_FIELDS: Selection = frozenset(_leaves(SCHEMA))


def select(names: list[str]) -> Selection:
    """Fields by dotted name; a record's name stands for all its fields. Raises KeyError for a name that is none."""
    chosen: set[str] = set()
    for name in names:
        leaves = {leaf for leaf in ALL_FIELDS if leaf == name or leaf.startswith(f"{name}.")}
        if not leaves:
            raise KeyError(name)
        chosen |= leaves
    return frozenset(chosen)


def encode_rows(events: pa.Table, day: date, selection: Selection) -> pa.Array:
    """Encode events as one JSON text a row, with the selected columns in the order of the schema."""
    cells = [
        encode(events, day, selection)
        for name, encode in _CELLS.items()
        if any(leaf == name or leaf.startswith(f"{name}.") for leaf in selection)
    ]
    row = _join(['{"f":[', *_listed(cells), "]}"], "replace")
    return pa.array([row.as_py()] * len(events)) if isinstance(row, pa.Scalar) else row


def _join(parts: Parts, nulls: str) -> Any:
    """Texts put together row by row. `nulls`: "replace" writes null, "emit_null" makes the whole row null."""
    whole: Parts = []
    for part in parts:
        if isinstance(part, str) and whole and isinstance(whole[-1], str):
            whole[-1] += part  # fewer parts, fewer copies a row
        else:
            whole.append(part)
    return pc.binary_join_element_wise(*whole, "", null_handling=nulls, null_replacement="null")


def _listed(cells: list[Parts]) -> Parts:
    """Cells with commas between them."""
    parts: Parts = []
    for cell in cells:
        parts += [",", *cell]
    return parts[1:]


def _text(column: Column) -> Any:
    """JSON string literals; each distinct value is escaped once."""
    encoded = pc.dictionary_encode(column)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    literals = [orjson.dumps(value).decode() for value in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(literals, pa.string()), encoded.indices)


def _number(column: Column) -> Parts:
    """Numbers are strings in BigQuery's JSON."""
    digits = pc.cast(column, pa.string())
    parts: Parts = ['"', digits, '"']
    return parts if digits.null_count == 0 else [_join(parts, "emit_null")]


def _cell(parts: Parts) -> Parts:
    return ['{"v":', *parts, "}"]


def _record(selection: Selection, cells: dict[str, Parts]) -> Parts:
    """A record of the selected cells, keyed by dotted name."""
    return ['{"v":{"f":[', *_listed([cell for name, cell in cells.items() if name in selection]), "]}}"]


def _text_column(name: str) -> Encoder:
    return lambda events, _day, _selection: _cell([_text(events[name])])


def _number_column(name: str) -> Encoder:
    return lambda events, _day, _selection: _cell(_number(events[name]))


def _constant(value: str) -> Encoder:
    return lambda _events, _day, _selection: _cell([value])


def _event_date(_events: pa.Table, day: date, _selection: Selection) -> Parts:
    return _cell([f'"{day:%Y%m%d}"'])


def _event_timestamp(events: pa.Table, _day: date, _selection: Selection) -> Parts:
    """Microseconds since 1970."""
    return _cell(_number(pc.cast(events["event_at"], pa.int64())))


def _event_params(events: pa.Table, _day: date, selection: Selection) -> Parts:
    """Only the parameters an event has, as Google Analytics exports them."""
    params = [
        _param(selection, "ga_session_id", ['"', pc.cast(events["session_id"], pa.string()), '"'], "int_value"),
        _param(selection, "ga_session_number", ['"', pc.cast(events["session_number"], pa.string()), '"'], "int_value"),
        _param(selection, "page_location", [_text(events["page_location"])], "string_value"),
        _param(selection, "experiment_id", [_text(events["experiment_id"])], "string_value"),
        _param(selection, "variant_id", [_text(events["experiment_variant"])], "string_value"),
    ]
    present = pc.binary_join_element_wise(*params, ",", null_handling="skip")
    return ['{"v":[', present, "]}"]


def _param(selection: Selection, key: str, value: Parts, kind: str) -> Any:
    """One parameter's record, null where the event does not have it. `kind` is the value field it is kept in."""
    values = [
        _cell(value if name == kind else ["null"])
        for name in ("string_value", "int_value", "float_value", "double_value")
        if f"event_params.value.{name}" in selection
    ]
    cells: list[Parts] = [_cell([f'"{key}"'])] if "event_params.key" in selection else []
    if values:
        cells.append(['{"v":{"f":[', *_listed(values), "]}}"])
    parts: Parts = ['{"v":{"f":[', *_listed(cells), "]}}"]
    if all(isinstance(part, str) for part in parts):  # the value is not selected, but decides whether there is one
        column = next(part for part in value if not isinstance(part, str))
        return pc.if_else(pc.is_valid(column), "".join(parts), pa.scalar(None, pa.string()))
    return _join(parts, "emit_null")


def _device(events: pa.Table, _day: date, selection: Selection) -> Parts:
    return _record(selection, {"device.category": _cell([_text(events["device_category"])])})


def _geo(events: pa.Table, _day: date, selection: Selection) -> Parts:
    return _record(selection, {"geo.country": _cell([_text(events["country"])])})


def _traffic_source(events: pa.Table, _day: date, selection: Selection) -> Parts:
    cells = {
        "traffic_source.name": _cell(["null"]),
        "traffic_source.medium": _cell([_text(events["traffic_medium"])]),
        "traffic_source.source": _cell([_text(events["traffic_source"])]),
    }
    return _record(selection, cells)


def _ecommerce(events: pa.Table, _day: date, selection: Selection) -> Parts:
    cells = {
        "ecommerce.purchase_revenue": _cell(_number(pc.cast(events["purchase_revenue"], pa.float64()))),
        "ecommerce.transaction_id": _cell([_text(events["transaction_id"])]),
    }
    return _record(selection, cells)


def _items(events: pa.Table, _day: date, selection: Selection) -> Parts:
    encoded = pc.dictionary_encode(events["items"])
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    cells = [_item_records(text, selection) for text in encoded.dictionary.to_pylist()]
    return [pc.fill_null(pc.take(pa.array(cells, pa.string()), encoded.indices), '{"v":[]}')]


def _item_records(text: str, selection: Selection) -> str:
    """The items of one event, from the data set's JSON array of {item_id, price, quantity}."""
    records = []
    for item in orjson.loads(text):
        cells = {
            "items.item_id": f'{{"v":{orjson.dumps(item["item_id"]).decode()}}}',
            "items.item_name": NO_CELL,
            "items.price": _scalar(item.get("price"), float),
            "items.quantity": _scalar(item.get("quantity"), int),
        }
        chosen = ",".join(cell for name, cell in cells.items() if name in selection)
        records.append(f'{{"v":{{"f":[{chosen}]}}}}')
    return f'{{"v":[{",".join(records)}]}}'


def _scalar(value: Any, kind: Callable[[Any], Any]) -> str:
    return NO_CELL if value is None else f'{{"v":"{kind(value)}"}}'


_CELLS: dict[str, Encoder] = {
    "event_date": _event_date,
    "event_timestamp": _event_timestamp,
    "event_name": _text_column("event_name"),
    "event_params": _event_params,
    "event_bundle_sequence_id": _number_column("event_sequence"),
    "user_id": _text_column("user_id"),
    "user_pseudo_id": _text_column("user_pseudo_id"),
    "device": _device,
    "geo": _geo,
    "traffic_source": _traffic_source,
    "stream_id": _constant('"1"'),
    "platform": _constant('"WEB"'),
    "ecommerce": _ecommerce,
    "items": _items,
    "batch_page_id": _constant("null"),
    "batch_ordering_id": _constant("null"),
    "batch_event_index": _number_column("event_sequence"),
}
