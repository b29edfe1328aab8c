"""Functions and casts whose value or type differs between Snowflake and DuckDB, rewritten to macros (macros.sql)."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
from sqlglot import Expr, exp

CATALOG = "_fs_global.main"
MACROS = Path(__file__).with_name("macros.sql")

DATE_UNITS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY"}

# Elements of Snowflake's date formats, the longest first, and what strftime calls them.
FORMAT_ELEMENTS = {
    "YYYY": "%Y",
    "MMMM": "%B",
    "HH24": "%H",
    "HH12": "%I",
    "FF3": "%g",
    "FF6": "%f",
    "FF9": "%n",
    "MON": "%b",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
    "DY": "%a",
    "HH": "%H",
    "MI": "%M",
    "SS": "%S",
    "FF": "%f",
    "AM": "%p",
    "PM": "%p",
}
FORMAT_ELEMENT = re.compile("|".join(FORMAT_ELEMENTS), re.IGNORECASE)
LONGEST_TEXT = "16777216"
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TEXT_TYPES = {exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.NVARCHAR, exp.DataType.Type.CHAR}
TIMESTAMP_TYPES = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ}


def creation_sql(catalog: str) -> str:
    """SQL that creates every macro in `catalog`, or replaces it."""
    return MACROS.read_text().replace("create or replace macro ", f"create or replace macro {catalog}.main.")


@cache
def duckdb_keywords() -> frozenset[str]:
    """Words that DuckDB takes for a name only in quotes; many of them, such as AT, are ordinary names in Snowflake."""
    with duckdb.connect() as connection:
        rows = connection.execute("select keyword_name from duckdb_keywords() where keyword_category != 'unreserved'")
        return frozenset(row[0] for row in rows.fetchall())


def rewrite(node: Expr) -> Expr:
    """Rewrite one node of a statement in Snowflake's dialect; used before fakesnow's own rewriting."""
    rule = RULES.get(type(node))
    return rule(node) if rule else node


def finish(node: Expr) -> Expr:
    """Rewrite one node of what fakesnow made of a statement."""
    if isinstance(node, exp.Identifier):
        if str(node.this).lower() in duckdb_keywords():
            node.set("quoted", True)
        return node
    if type(node) is exp.Cast and node.to.this in TEXT_TYPES and not isinstance(node.this, exp.Literal):
        # An operand that fakesnow extracts as text is text already.
        return node if isinstance(node.this, (exp.JSONExtractScalar, exp.Paren)) else _call("sf_text", node.this)
    return node


def strftime_format(pattern: str) -> str:
    """A date format of Snowflake's in the directives of DuckDB's strftime."""
    return FORMAT_ELEMENT.sub(lambda match: FORMAT_ELEMENTS[match[0].upper()], pattern).replace('"', "")


def _call(name: str, *arguments: Expr) -> exp.Anonymous:
    return exp.Anonymous(this=f"{CATALOG}.{name}", expressions=list(arguments))


def _integer(value: int) -> exp.Literal:
    return exp.Literal(this=str(value), is_string=False)


def _typed(moment: Expr) -> Expr:
    """A moment written as text is a timestamp."""
    if isinstance(moment, exp.Literal) and moment.is_string:
        return _call("sf_timestamp", moment)
    return moment


def _like(value: Expr, model: Expr) -> Expr:
    """`value` with the type of `model`: in Snowflake a DATE stays a DATE."""
    return exp.Anonymous(this="cast_to_type", expressions=[value, model.copy()])


def _date_trunc(node: Expr) -> Expr:
    unit = node.args["unit"].name.lower()
    moment = _typed(node.this)
    return _like(exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit), moment]), moment)


def _date_add(node: Expr) -> Expr:
    unit = node.args["unit"].name.upper() if node.args.get("unit") else "DAY"
    moment = _typed(node.this)
    amount = node.expression
    if not isinstance(amount, exp.Literal):
        amount = exp.Cast(this=amount, to=exp.DataType.build("int", "duckdb"))
    added = type(node)(this=moment, expression=amount, unit=exp.var(unit))
    return _like(added, moment) if unit in DATE_UNITS else added


def _add_months(node: Expr) -> Expr:
    return _like(node.copy(), node.this)


def _to_char(node: Expr) -> Expr:
    pattern = node.args.get("format")
    if pattern is None:
        return exp.Cast(this=node.this, to=exp.DataType.build("varchar"))
    if not isinstance(pattern, exp.Literal) or not FORMAT_ELEMENT.search(pattern.name):
        raise NotImplementedError(f"TO_CHAR with the format {pattern.sql(dialect='snowflake')}")
    text = strftime_format(pattern.name)
    return exp.Anonymous(this="strftime", expressions=[_call("sf_timestamp", node.this), exp.Literal.string(text)])


def _cast(node: Expr) -> Expr:
    target = node.args["to"].this
    if isinstance(node, exp.TryCast):
        _simplify_try_cast(node)
    if target in TIMESTAMP_TYPES:
        if isinstance(node, exp.TryCast):
            return _call("sf_try_timestamp", node.this)
        operand = node.this
        if isinstance(operand, exp.JSONExtract):
            operand = exp.Cast(this=operand, to=exp.DataType.build("varchar"))
        return _call("sf_timestamp", operand)
    if target == exp.DataType.Type.VARIANT:
        return exp.Anonymous(this="TO_JSON", expressions=[node.this])
    return node


def _simplify_try_cast(node: exp.TryCast) -> None:
    """Leave out what sqlglot adds for texts that are too long and for odd dates, where neither can be.

    The fixtures of dbt's unit tests consist of thousands of such casts.
    """
    length = node.to.find(exp.DataTypeParam)
    if length is None or length.name == LONGEST_TEXT:
        node.set("null_on_text_overflow", None)
    if isinstance(node.this, exp.Null) or (isinstance(node.this, exp.Literal) and ISO_DAY.match(node.this.name)):
        node.set("probe_date_format", None)


def _median(node: Expr) -> Expr:
    node.set("this", _finer(node.this))
    return node


def _within_group(node: Expr) -> Expr:
    """Percentiles of a NUMBER are interpolated with three more decimals."""
    if isinstance(node.this, exp.PercentileCont):
        for ordered in node.expression.expressions:
            ordered.set("this", _finer(ordered.this))
    return node


def _finer(value: Expr) -> Expr:
    return exp.Paren(this=exp.Mul(this=exp.Paren(this=value), expression=exp.Literal.number("1.000")))


def _window(node: Expr) -> Expr:
    function = node.this
    name = function.name.upper() if isinstance(function, exp.Anonymous) else ""
    if name == "RATIO_TO_REPORT":
        (value,) = function.expressions
        total = node.copy()
        total.set("this", exp.Sum(this=value.copy()))
        return exp.Paren(this=exp.Div(this=value, expression=exp.func("nullif", total, _integer(0))))
    if name == "CONDITIONAL_TRUE_EVENT":
        (condition,) = function.expressions
        counted = exp.Sum(this=exp.If(this=condition, true=_integer(1), false=_integer(0)))
        node.set("this", counted)
        node.set("spec", exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"))
    return node


def _hash_agg(node: Expr) -> Expr:
    star = isinstance(node.this, exp.Star)
    arguments = [exp.var("*COLUMNS(*)")] if star else [node.this, *node.expressions]
    hashed = exp.Cast(
        this=exp.Anonymous(this="HASH", expressions=arguments), to=exp.DataType.build("hugeint", "duckdb")
    )
    total = exp.Anonymous(this="SUM", expressions=[hashed])
    folded = exp.Mod(this=exp.Paren(this=total), expression=_integer(2**63 - 1))
    return exp.Anonymous(this="COALESCE", expressions=[folded, _integer(0)])


def _logical(connector: type[exp.Connector]) -> Callable[[Expr], Expr]:
    return lambda node: exp.Paren(
        this=connector(this=exp.Paren(this=node.this), expression=exp.Paren(this=node.expression))
    )


def _equality(node: Expr) -> Expr:
    """A path of a VARIANT is compared with text as text."""
    for side, other in ((node.this, node.args.get("expression")), (node.args.get("expression"), node.this)):
        literals = [other] if other is not None else node.args.get("expressions") or []
        text = bool(literals) and all(isinstance(one, exp.Literal) and one.is_string for one in literals)
        if isinstance(side, exp.JSONExtract) and text:
            side.replace(exp.Paren(this=exp.JSONExtractScalar(this=side.this, expression=side.expression)))
    return node


def _flatten(node: Expr) -> Expr:
    """FLATTEN and SPLIT_TO_TABLE, after LATERAL or within TABLE()."""
    function = node.this
    alias = node.args.get("alias")
    if isinstance(function, exp.SplitToTable):
        return exp.Table(this=_call("sf_split_to_table", function.this, function.expression), alias=alias)
    if not isinstance(function, exp.Explode):
        return node
    options = {
        kwarg.this.name.upper(): kwarg.expression
        for kwarg in [function.this, *function.expressions]
        if isinstance(kwarg, exp.Kwarg)
    }
    unsupported = set(options) - {"INPUT", "OUTER"}
    if unsupported:
        raise NotImplementedError(f"FLATTEN with {', '.join(sorted(unsupported))}")
    return exp.Table(
        this=_call("sf_flatten", options.get("INPUT", function.this), options.get("OUTER", exp.false())), alias=alias
    )


def _array(node: Expr) -> Expr:
    """Elements of several types are possible where the array is turned into JSON anyhow."""
    parent = node.parent
    if isinstance(parent, (exp.JSONFormat, exp.ToVariant, exp.PropertyEQ, exp.JSONKeyValue)):
        return exp.Anonymous(this="json_array", expressions=node.expressions)
    return node


def _named(node: Expr) -> Expr:
    macro = NAMED.get(node.name.upper())
    return _call(macro, *node.expressions) if macro else node


NAMED = {
    "OBJECT_DELETE": "sf_object_delete",
    "IS_OBJECT": "sf_is_object",
    "AS_VARCHAR": "sf_as_varchar",
    "AS_CHAR": "sf_as_varchar",
    "AS_INTEGER": "sf_as_integer",
    "AS_DOUBLE": "sf_as_double",
    "AS_REAL": "sf_as_double",
    "AS_BOOLEAN": "sf_as_boolean",
}

RULES: dict[type[Expr], Callable[[Expr], Expr]] = {
    exp.TimestampTrunc: _date_trunc,
    exp.DateTrunc: _date_trunc,
    exp.DateAdd: _date_add,
    exp.TimeAdd: _date_add,
    exp.AddMonths: _add_months,
    exp.ToChar: _to_char,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.WithinGroup: _within_group,
    exp.Window: _window,
    exp.HashAgg: _hash_agg,
    exp.Boolor: _logical(exp.Or),
    exp.Booland: _logical(exp.And),
    exp.EQ: _equality,
    exp.NEQ: _equality,
    exp.In: _equality,
    exp.Lateral: _flatten,
    exp.TableFromRows: _flatten,
    exp.Array: _array,
    exp.Anonymous: _named,
    exp.ParseJSON: lambda node: _call("sf_try_parse_json" if node.args.get("safe") else "sf_parse_json", node.this),
    exp.Typeof: lambda node: _call("sf_typeof", node.this),
    exp.WidthBucket: lambda node: _call(
        "sf_width_bucket", node.this, node.args["min_value"], node.args["max_value"], node.args["num_buckets"]
    ),
    exp.MD5NumberLower64: lambda node: _call("sf_md5_lower64", node.this),
    exp.ParseUrl: lambda node: _call("sf_parse_url", node.this),
    exp.ObjectInsert: lambda node: _call("sf_object_insert", node.this, node.args["key"], node.args["value"]),
    exp.ArrayContains: lambda node: exp.Anonymous(
        this="json_contains",
        expressions=[exp.Anonymous(this="TO_JSON", expressions=[part]) for part in (node.this, node.expression)],
    ),
    exp.Median: _median,
    exp.ArrayToString: lambda node: _call("sf_array_to_string", node.this, node.expression),
}
