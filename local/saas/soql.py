"""The part of SOQL that reads one object: SELECT … FROM Contact [WHERE …] [ORDER BY …] [LIMIT n] [OFFSET n]."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

OBJECT = "Contact"

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<moment>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<symbol><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


class SoqlError(Exception):
    """A query Salesforce would refuse; `code` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Token:
    """One word of a query; `kind` is moment, number, text, word, symbol or end."""

    kind: str
    value: str


@dataclass(frozen=True)
class Query:
    """A parsed query, ready to run on a table whose columns are the object's fields."""

    fields: list[str]
    condition: pc.Expression | None
    order: list[tuple[str, str, str]]
    limit: int | None
    offset: int

    def run(self, table: pa.Table) -> pa.Table:
        """The selected fields of the rows that match."""
        found = table if self.condition is None else table.filter(self.condition)
        if self.order:
            found = found.take(pc.sort_indices(found, sort_keys=self.order))
        return found.slice(self.offset, self.limit).select(self.fields)


def parse(text: str, schema: pa.Schema) -> Query:
    """Parse a query on the one object whose fields `schema` names. Raises SoqlError."""
    return _Parser(text, schema).query()


class _Parser:
    """Recursive descent, one method a clause."""

    def __init__(self, text: str, schema: pa.Schema) -> None:
        self.schema = schema
        self.names = {name.lower(): name for name in schema.names}
        self.tokens = _tokens(text)
        self.at = 0

    def query(self) -> Query:
        self.expect("SELECT")
        words = [self.word()]
        while self.accept(","):
            words.append(self.word())
        self.expect("FROM")
        entity = self.word()
        if entity.lower() != OBJECT.lower():
            raise SoqlError("INVALID_TYPE", f"sObject type '{entity}' is not supported.")
        fields = [self.field(word) for word in words]
        condition = self.disjunction() if self.accept("WHERE") else None
        order = self.order() if self.accept("ORDER") else []
        limit = self.count() if self.accept("LIMIT") else None
        offset = self.count() if self.accept("OFFSET") else 0
        if self.current.kind != "end":
            raise self.unexpected()
        return Query(fields, condition, order, limit, offset)

    def disjunction(self) -> pc.Expression:
        condition = self.conjunction()
        while self.accept("OR"):
            condition = condition | self.conjunction()
        return condition

    def conjunction(self) -> pc.Expression:
        condition = self.comparison()
        while self.accept("AND"):
            condition = condition & self.comparison()
        return condition

    def comparison(self) -> pc.Expression:
        if self.accept("NOT"):
            return ~self.comparison()
        if self.accept("("):
            condition = self.disjunction()
            self.expect(")")
            return condition
        name = self.field(self.word())
        if self.accept("IN"):
            self.expect("(")
            values = [self.literal(name)]
            while self.accept(","):
                values.append(self.literal(name))
            self.expect(")")
            return pc.field(name).isin(values)
        operator = self.current.value
        if operator not in _COMPARISONS:
            raise self.unexpected()
        self.at += 1
        value = self.literal(name)
        if value.is_valid:
            return _COMPARISONS[operator](pc.field(name), value)
        null = pc.field(name).is_null()
        return null if operator == "=" else ~null

    def literal(self, name: str) -> pa.Scalar:
        """A value of the field's type. Raises SoqlError for one that cannot be compared with it."""
        token, kind = self.current, self.schema.field(name).type
        self.at += 1
        if token.kind == "word" and token.value.lower() == "null":
            return pa.scalar(None, kind)
        value: Any = None
        if token.kind == "moment" and pa.types.is_timestamp(kind):
            value = _moment(token.value)
        elif token.kind == "text" and pa.types.is_string(kind):
            value = re.sub(r"\\(.)", r"\1", token.value[1:-1])
        elif token.kind == "word" and pa.types.is_boolean(kind) and token.value.lower() in ("true", "false"):
            value = token.value.lower() == "true"
        if value is None:
            message = f"value of filter criterion for field '{name}' must be of type {_type_name(kind)}"
            raise SoqlError("INVALID_FIELD", f"{message}; found {token.value!r}")
        return pa.scalar(value, kind)

    def order(self) -> list[tuple[str, str, str]]:
        self.expect("BY")
        keys = [self.order_key()]
        while self.accept(","):
            keys.append(self.order_key())
        return keys

    def order_key(self) -> tuple[str, str, str]:
        name = self.field(self.word())
        direction = "descending" if self.accept("DESC") else "ascending"
        self.accept("ASC")
        nulls = "at_start"
        if self.accept("NULLS"):
            nulls = "at_end" if self.accept("LAST") else "at_start"
            self.accept("FIRST")
        return name, direction, nulls

    def count(self) -> int:
        if self.current.kind != "number" or not self.current.value.isdigit():
            raise self.unexpected()
        self.at += 1
        return int(self.tokens[self.at - 1].value)

    def field(self, word: str) -> str:
        name = self.names.get(word.lower())
        if name is None:
            raise SoqlError("INVALID_FIELD", f"No such column '{word}' on entity '{OBJECT}'.")
        return name

    def word(self) -> str:
        if self.current.kind != "word":
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1].value

    def accept(self, value: str) -> bool:
        if self.current.kind in ("word", "symbol") and self.current.value.upper() == value:
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.accept(value):
            raise self.unexpected()

    @property
    def current(self) -> Token:
        return self.tokens[self.at]

    def unexpected(self) -> SoqlError:
        token = self.current
        what = "unexpected end of query" if token.kind == "end" else f"unexpected token: '{token.value}'"
        return SoqlError("MALFORMED_QUERY", what)


def _tokens(text: str) -> list[Token]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise SoqlError("MALFORMED_QUERY", f"unexpected character at position {position}: {text[position]!r}")
        tokens.append(Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return [*tokens, Token("end", "")]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise SoqlError("MALFORMED_QUERY", f"Invalid datetime: {text}") from error


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "dateTime"
    return "boolean" if pa.types.is_boolean(kind) else "string"
