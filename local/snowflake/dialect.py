"""What is changed in a parsed Snowflake statement before and after fakesnow turns it into DuckDB's SQL."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import Expr, exp

from local.snowflake import functions

if TYPE_CHECKING:
    from local.snowflake.session import Session

UNENFORCED = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.PrimaryKey,
    exp.ForeignKey,
    exp.Reference,
)

SESSION_FUNCTIONS: "dict[str, Callable[[Session], str | None]]" = {
    "CURRENTROLE": lambda session: session.role,
    "CURRENTWAREHOUSE": lambda session: session.warehouse,
    "CURRENTUSER": lambda session: session.user,
    "CURRENTSESSION": lambda session: session.id,
    "CURRENTACCOUNT": lambda session: "LOCAL",
    "CURRENTACCOUNTNAME": lambda session: "LOCAL",
    "CURRENTREGION": lambda session: "LOCAL",
    "LASTQUERYID": lambda session: session.last_query_id,
}


def prepare(expression: Expr, session: "Session") -> Expr:
    """Changes that need Snowflake's own names and types; fakesnow's rewriting follows."""
    if isinstance(expression, exp.Create):
        _make_schema_qualified_permanent(expression, session)
        _drop_unenforced_constraints(expression)
        _name_what_fills_a_table(expression)
    _name_columns(expression)
    return _bottom_up(expression, lambda node: functions.rewrite(_session_function(node, session)))


def finish(expression: Expr) -> Expr:
    """Changes to what fakesnow made."""
    return _bottom_up(expression, functions.finish)


def _bottom_up(expression: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Change every node, its parts before itself: sqlglot's own transform leaves out the parts of what it replaced."""
    for node in reversed(list(expression.dfs())):
        parent, argument, place = node.parent, node.arg_key, node.index  # a rule may wrap the node
        changed = change(node)
        if changed is node:
            continue
        if node is expression:
            expression = changed
        elif parent is not None and argument:
            parent.set(argument, changed, place)
    return expression


def _make_schema_qualified_permanent(create: exp.Create, session: "Session") -> None:
    """DuckDB's temporary tables and views have no schema: make it an ordinary one, dropped when the session ends."""
    properties = create.args.get("properties")
    target = create.find(exp.Table)
    kind = str(create.args.get("kind")).upper()
    if properties is None or target is None or kind not in {"TABLE", "VIEW"}:
        return
    temporary = properties.find(exp.TemporaryProperty)
    if temporary is not None and target.db:
        temporary.pop()
        session.temporary.remember(session.id, kind, session.full_name(target))


def _name_what_fills_a_table(create: exp.Create) -> None:
    """Give the columns of a `select *` the names of the new table's: fakesnow would describe it in another dialect."""
    query = create.expression.unnest() if isinstance(create.expression, exp.Subquery) else create.expression
    if not isinstance(create.this, exp.Schema) or not isinstance(query, exp.Select) or not query.is_star:
        return
    names = [column.this.copy() for column in create.this.expressions if isinstance(column, exp.ColumnDef)]
    alias = exp.TableAlias(this=exp.to_identifier("filling"), columns=[name.copy() for name in names])
    source = exp.Subquery(this=query.copy(), alias=alias)
    create.set("expression", exp.select(*[exp.column(name) for name in names]).from_(source))


def _drop_unenforced_constraints(create: exp.Create) -> None:
    """Snowflake records keys but does not enforce them; DuckDB would."""
    if not isinstance(create.this, exp.Schema):
        return
    for column in create.this.find_all(exp.ColumnDef):
        kept = [c for c in column.args.get("constraints") or [] if not isinstance(c.args.get("kind"), UNENFORCED)]
        column.set("constraints", kept)
    create.this.set("expressions", [e for e in create.this.expressions if not _is_key(e)])


def _is_key(expression: Expr) -> bool:
    if isinstance(expression, exp.Constraint):
        return all(isinstance(part, UNENFORCED) for part in expression.expressions)
    return isinstance(expression, UNENFORCED)


def _name_columns(expression: Expr) -> None:
    """An unnamed column of a result is called by its own text, in capitals."""
    select = expression
    while isinstance(select, exp.SetOperation):
        select = select.left
    if not isinstance(select, exp.Select):
        return
    named = []
    for projection in select.expressions:
        plain = isinstance(projection, (exp.Column, exp.Alias, exp.Star, exp.Aliases, exp.Placeholder))
        if plain or projection.is_star or projection.output_name != "":
            named.append(projection)
        else:
            text = projection.sql(dialect="snowflake").upper()
            named.append(exp.alias_(projection, text, quoted=True))
    select.set("expressions", named)


def _session_function(node: Expr, session: "Session") -> Expr:
    """Replace a function of the session, such as CURRENT_ROLE(), by its value."""
    if isinstance(node, exp.Anonymous):
        value = SESSION_FUNCTIONS.get(node.name.upper().replace("_", ""))
    elif isinstance(node, exp.Func):
        value = SESSION_FUNCTIONS.get(type(node).__name__.upper())
    else:
        return node
    if value is None:
        return node
    found = value(session)
    return exp.null() if found is None else exp.Literal.string(found)
