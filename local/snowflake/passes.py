"""fakesnow's rewriting, with each of its 75 passes shown only the nodes it could change."""

from collections.abc import Callable
from typing import Any

from sqlglot import Expr, exp

# The nodes that a pass of fakesnow changes; a pass that is not named here is shown the whole statement.
TRIGGERS: dict[str, tuple[type[Expr], ...]] = {
    "identifier": (exp.Table,),
    "alter_session": (exp.Alter,),
    "update_variables": (exp.Set,),
    "current_version": (exp.CurrentVersion,),
    "set_schema": (exp.Use,),
    "create_database": (exp.Create,),
    "extract_comment_on_table": (exp.Create, exp.Comment, exp.Alter),
    "extract_comment_on_columns": (exp.Alter,),
    "drop_schema_cascade": (exp.Drop,),
    "tag": (exp.Alter, exp.Command, exp.Create, exp.Drop),
    "semi_structured_types": (exp.DataType,),
    "try_parse_json": (exp.Anonymous,),
    "split": (exp.Split,),
    "trim_cast_varchar": (exp.Trim,),
    "indices_to_json_extract": (exp.Bracket,),
    "json_extract_cast_as_varchar": (exp.Cast,),
    "json_extract_cased_as_varchar": (exp.Upper, exp.Lower),
    "json_extract_precedence": (exp.JSONExtract, exp.JSONExtractScalar),
    "flatten_value_cast_as_varchar": (exp.Cast,),
    "flatten": (exp.Lateral, exp.TableFromRows),
    "regex_replace": (exp.RegexpReplace,),
    "regex_substr": (exp.RegexpExtract,),
    "result_scan": (exp.Select,),
    "values_columns": (exp.Values,),
    "to_date": (exp.Anonymous,),
    "timestamp_offsets": (exp.Cast,),
    "to_decimal": (exp.ToNumber,),
    "to_timestamp": (exp.UnixToTime, exp.Anonymous, exp.Cast),
    "to_variant": (exp.ToVariant,),
    "object_construct": (exp.StarMap, exp.Struct, exp.JSONObject),
    "timestamp_ntz": (exp.DataType,),
    "float_to_double": (exp.DataType,),
    "integer_precision": (exp.DataType,),
    "extract_text_length": (exp.Create, exp.Alter),
    "sample": (exp.TableSample,),
    "array_size": (exp.ArraySize,),
    "random": (exp.Select,),
    "array_agg_within_group": (exp.WithinGroup,),
    "array_agg": (exp.ArrayAgg, exp.Window),
    "object_agg": (exp.ObjectAgg,),
    "array_construct_etc": (exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat),
    "dateadd_date_cast": (exp.DateAdd,),
    "dateadd_string_literal_timestamp_cast": (exp.DateAdd,),
    "datediff_string_literal_timestamp_cast": (exp.DateDiff,),
    "show_databases": (exp.Show,),
    "show_functions": (exp.Show, exp.Command),
    "show_procedures": (exp.Show,),
    "show_parameters": (exp.Show, exp.Command),
    "show_warehouses": (exp.Show,),
    "show_schemas": (exp.Show,),
    "show_tables_etc": (exp.Show,),
    "show_columns": (exp.Show,),
    "show_stages": (exp.Show,),
    "show_sequences": (exp.Show,),
    "show_keys": (exp.Show,),
    "show_users": (exp.Show,),
    "create_user": (exp.Command,),
    "haversine": (exp.Anonymous,),
    "hex_string": (exp.HexString,),
    "sha256": (exp.SHA2, exp.SHA2Digest, exp.Anonymous),
    "create_clone": (exp.Create,),
    "alias_in_join": (exp.Select,),
    "alias_in_where": (exp.Select,),
    "alter_table_strip_cluster_by": (exp.Alter, exp.Command),
    "create_stage": (exp.Create,),
    "create_file_format": (exp.Create,),
    "list_stage": (exp.ListStage,),
    "put_stage": (exp.Put,),
    "create_table_as": (exp.Create,),
    # Casts whatever is aggregated to DOUBLE, in case it is text: money must stay exact, so it never runs.
    "numeric_agg_implicit_cast": (),
}
# Passes that change nothing without a node of these kinds somewhere.
NEEDS: dict[str, tuple[type[Expr], ...]] = {
    "identifier": (exp.DynamicIdentifier, exp.Anonymous),
    "json_extract_cast_as_varchar": (exp.JSONExtract,),
    "json_extract_cased_as_varchar": (exp.JSONExtract,),
    "flatten_value_cast_as_varchar": (exp.Explode,),
    "flatten": (exp.Explode,),
    "result_scan": (exp.TableFromRows,),
    "random": (exp.Rand,),
    "array_agg": (exp.ArrayAgg,),
    "create_clone": (exp.Clone,),
    "alias_in_join": (exp.Join,),
    "alias_in_where": (exp.Anonymous,),
}
# Passes that are about certain names only.
NAMES: dict[str, tuple[set[str], type[Expr]]] = {
    "sequence_nextval": ({"NEXTVAL"}, exp.Column),
    "information_schema_fs": ({"INFORMATION_SCHEMA"}, exp.Table),
    "information_schema_databases": ({"INFORMATION_SCHEMA", "DATABASES"}, exp.Table),
}
UPPER_CASE = "upper_case_unquoted_identifiers"


class Passes:
    """Stands in for an expression while fakesnow calls `transform` on it again and again.

    Nodes are found by their kind, so that a pass is shown its own nodes and the whole is walked only once.
    """

    def __init__(self, expression: Expr) -> None:
        self.expression = expression
        self._nodes: dict[type[Expr], list[tuple[int, Expr]]] = {}
        self._names: set[str] = set()
        self._count = 0
        self._index(expression)

    def transform(self, change: Callable[..., Expr], copy: bool = False, **arguments: Any) -> "Passes":
        """Run a pass on the nodes that are its business."""
        name = _name(change)
        if name == UPPER_CASE:
            self._upper_case()
        elif name in NAMES:
            names, kind = NAMES[name]
            if not names.isdisjoint(self._names):
                self._apply(change, (kind,), arguments)
        elif name in TRIGGERS:
            if name not in NEEDS or self._has(NEEDS[name]):
                self._apply(change, TRIGGERS[name], arguments)
        else:
            self.expression = self.expression.transform(change, copy=copy, **arguments)
            self._nodes, self._names = {}, set()
            self._index(self.expression)
        return self

    def _apply(self, change: Callable[..., Expr], kinds: tuple[type[Expr], ...], arguments: dict[str, Any]) -> None:
        chosen = [entry for kind, entries in self._nodes.items() if issubclass(kind, kinds) for entry in entries]
        for _, node in sorted(chosen, key=lambda entry: entry[0]):
            parent, argument, place = node.parent, node.arg_key, node.index  # a pass may wrap the node
            changed = change(node, **arguments)
            if changed is node:
                continue
            if node is self.expression:
                self.expression = changed
            elif parent is not None and argument:
                parent.set(argument, changed, place)
            self._index(changed)

    def _has(self, kinds: tuple[type[Expr], ...]) -> bool:
        return any(issubclass(kind, kinds) for kind in self._nodes)

    def _upper_case(self) -> None:
        for _, node in self._nodes.get(exp.Identifier, []):
            if not node.args.get("quoted") and isinstance(node.this, str):
                node.set("this", node.this.upper())

    def _index(self, expression: Expr) -> None:
        for node in expression.dfs():
            self._count += 1
            self._nodes.setdefault(type(node), []).append((self._count, node))
            if isinstance(node, exp.Identifier):
                self._names.add(str(node.this).upper())


def _name(change: Callable[..., Expr]) -> str:
    """The name of a pass; of a lambda that calls it, the last name it looks up in `transforms`."""
    if change.__name__ != "<lambda>":
        return change.__name__
    names = change.__code__.co_names
    return names[names.index("transforms") + 1] if "transforms" in names else change.__name__
