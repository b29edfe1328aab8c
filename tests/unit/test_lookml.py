"""The LookML project says what dbt says: each field is a described column of a mart; measures only add and divide."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from include import lineage
from include.config import DBT_DIR
from local.dbt_manifest import ensure_manifest
from local.lookml import MODEL, Field, Project
from local.saas.looker_content import QUERY_KEYS

PROJECT = Project()
VIEWS = sorted(PROJECT.views)
DASHBOARDS = sorted(PROJECT.dashboards)
PERSONAL = ("email", "phone", "first_name", "last_name")
DAYS = {"date", "week", "month"}
# Tiles that do not obey the dashboard's filter of days although their explore has days, and why.
OF_NO_SPAN = {
    ("executive_overview", "months"): "two years of months, which the title says; few days hold no whole month",
    ("products", "best_sellers"): "of all time, which the title says",
    ("products", "recommendations"): "as of the last day: pairs of the whole look-back",
    ("conversion", "experiments"): "as of the last day: an experiment has its own days",
    ("pipeline_health", "data_through"): "the newest build, whenever it was",
}


@cache
def tables() -> dict[str, dict[str, Any]]:
    """Name, schema, description and columns of every mart, and of the audit tables that dbt describes, by view."""
    found = {}
    for file in sorted((DBT_DIR / "models" / "marts").glob("*.yml")):
        [model] = yaml.safe_load(file.read_text())["models"]
        found[model["name"]] = model | {"schema": "marts", "table": model["name"]}
    sources = yaml.safe_load((DBT_DIR / "models" / "staging" / "sources.yml").read_text())["sources"]
    for table in next(source for source in sources if source["name"] == "audit")["tables"]:
        found[f"audit_{table['name']}"] = table | {"schema": "audit", "table": table["name"]}
    return found


def columns(view: str) -> dict[str, str]:
    """Description of each column of a view's table."""
    return {column["name"]: " ".join(column["description"].split()) for column in tables()[view]["columns"]}


def read_columns(field: Field) -> set[str]:
    return set(re.findall(r"\$\{TABLE\}\.(\w+)", field.definition.get("sql", "")))


def grain(view: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(tables()[view]["description"].split()))[0]


def dbt_words(field: Field) -> str:
    """What dbt says of a field: of the column that a tag names, of its own name, of the one it reads, or of the row."""
    for tag in field.definition.get("tags", []):
        if tag.startswith("dbt:"):
            model, column = tag.removeprefix("dbt:").split(".")
            return columns(model)[column]
    known = columns(field.view)
    if field.name in known:
        return known[field.name]
    read = read_columns(field)
    return known[read.pop()] if len(read) == 1 else grain(field.view)


@pytest.mark.parametrize("view", VIEWS)
def test_each_field_reads_columns_that_exist_and_is_described_by_dbt(view: str) -> None:
    for field in PROJECT.views[view].fields.values():
        assert read_columns(field) <= columns(view).keys(), field.name
        assert field.definition["description"].replace('\\"', '"') == dbt_words(field), field.name


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_name_of_its_table_and_shows_no_person(view: str) -> None:
    table = tables()[view]
    assert PROJECT.views[view].table == f"analytics.{table['schema']}.{table['table']}"
    assert PROJECT.views[view].primary_key.definition["sql"]
    assert "pii" not in PROJECT.views[view].table
    assert not [name for name in PROJECT.views[view].fields if any(word in name for word in PERSONAL)]


def test_every_exposed_mart_has_a_view() -> None:
    exposures = yaml.safe_load((DBT_DIR / "models" / "exposures.yml").read_text())["exposures"]
    exposed = {name for each in exposures for name in re.findall(r"ref\('(\w+)'\)", str(each.get("depends_on")))}
    assert exposed & tables().keys() <= PROJECT.views.keys()


@pytest.mark.parametrize("view", VIEWS)
def test_measures_add_count_or_divide_sums(view: str) -> None:
    """A mean of means, or a maximum, would define a metric again."""
    for field in PROJECT.views[view].fields.values():
        if field.kind != "measure":
            continue
        assert field.type in {"sum", "count", "count_distinct", "number"}, field.name
        sql = field.definition.get("sql", "")
        if field.type == "number":
            assert " / nullif(" in sql, f"{field.name}: a ratio of sums"
            assert "${TABLE}" not in sql, f"{field.name}: of measures, which Looker aggregates"
        assert {*re.findall(r"\$\{(\w+)\}", sql)} - {"TABLE"} <= PROJECT.views[view].fields.keys()


@pytest.mark.parametrize("view", VIEWS)
def test_days_are_those_of_the_shop_and_money_is_formatted(view: str) -> None:
    types = {column["name"]: column.get("data_type") for column in tables()[view]["columns"]}
    for field in PROJECT.views[view].fields.values():
        for column in read_columns(field):
            if field.kind == "dimension" and types[column] == "date" and field.name != "primary_key":
                assert (field.definition["convert_tz"], field.definition["datatype"]) == ("no", "date"), field.name
            if types[column] == "number(18, 4)" and field.type in ("sum", "number"):
                allowed = {"money", "percent_2"} if not re.search(r"days_|seconds_", column) else {"decimal_2"}
                assert field.definition["value_format_name"] in allowed, field.name


def test_drill_fields_and_labels_name_what_exists() -> None:
    formats = {each["name"] for each in PROJECT.model["named_value_formats"]}
    for view in PROJECT.views.values():
        for each in view.definition.get("sets", []):
            assert set(each["fields"]) <= view.fields.keys()
        for field in view.fields.values():
            name = field.definition.get("value_format_name", "decimal_0")
            assert name in formats or re.fullmatch(r"(decimal|percent)_[0-4]", name)


@pytest.mark.parametrize("explore", sorted(PROJECT.explores))
def test_an_explore_joins_without_multiplying_rows(explore: str) -> None:
    assert set(PROJECT.explores[explore].views) <= PROJECT.views.keys()
    for join in PROJECT.explores[explore].joins.values():
        assert join["relationship"] in ("many_to_one", "one_to_one")
        assert "from" not in join, "a view's name is that of its table, so that warming knows what a query reads"
        names = re.findall(r"\$\{(\w+\.\w+)\}", join["sql_on"])
        assert names and set(names) <= PROJECT.fields(explore).keys()


@pytest.mark.parametrize("explore", sorted(PROJECT.explores))
def test_results_are_dropped_exactly_when_an_explores_marts_change(explore: str) -> None:
    """The datagroup's marts have the inputs of the explore's: they change in the same builds."""
    ensure_manifest()
    inputs = lineage.read().inputs
    definition = PROJECT.explores[explore].definition
    if explore.startswith("audit_"):
        assert definition["persist_for"] == "5 minutes"
        return
    trigger = PROJECT.datagroups[definition["persist_with"]]["sql_trigger"]
    watched = re.findall(r"'(\w+)'", trigger)
    assert watched and "audit.built_marts" in trigger
    views = PROJECT.explores[explore].views
    assert frozenset().union(*(inputs[mart] for mart in watched)) == frozenset().union(*(inputs[v] for v in views))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboards_tiles_ask_for_fields_that_exist(name: str) -> None:
    dashboard = PROJECT.dashboards[name]
    filters = {each["name"] for each in dashboard["filters"]}
    names = [each["name"] for each in dashboard["elements"]]
    assert len(set(names)) == len(names)
    for tile in dashboard["elements"]:
        assert (tile["model"], tile["limit"] > 0) == (MODEL, True)
        listened = tile.get("listen", {})
        assert listened.keys() <= filters
        known = PROJECT.fields(tile["explore"])
        named = {*tile["fields"], *tile.get("pivots", []), *tile.get("filters", {}), *listened.values()}
        sorted_by = {each.split()[0] for each in tile.get("sorts", [])}
        assert named | sorted_by <= known.keys(), f"{tile['name']}: {sorted((named | sorted_by) - known.keys())}"
        assert sorted_by <= set(tile["fields"])
        assert not [each for each in tile["fields"] if known[each].definition.get("hidden") == "yes"]
        assert {key for key in tile if key in QUERY_KEYS} >= {"model", "fields", "limit"}
        always = PROJECT.explores[tile["explore"]].always_filter
        assert always.keys() <= tile.get("filters", {}).keys(), "Looker adds it where a tile does not say"


def days_of(explore: str) -> set[str]:
    """Fields of an explore's own view that hold days."""
    return {
        name for name, field in PROJECT.fields(explore).items() if field.view == explore and field.timeframe in DAYS
    }


def test_tiles_obey_the_filter_of_days_of_their_dashboard() -> None:
    """A tile of the whole history beside tiles of 90 days would look like one of 90 days."""
    deaf = set()
    for name, dashboard in PROJECT.dashboards.items():
        [*filters] = [each["name"] for each in dashboard["filters"] if each["type"] == "date_filter"]
        for tile in dashboard["elements"]:
            days = days_of(tile["explore"])
            heard = {field for filter_, field in tile.get("listen", {}).items() if filter_ in filters}
            assert heard <= days, f"{tile['name']}: days of the explore's own rows"
            if filters and days and not heard:
                deaf.add((name, tile["name"]))
    assert deaf == OF_NO_SPAN.keys()


def test_tiles_obey_every_other_filter_that_their_explore_has_a_field_for() -> None:
    for dashboard in PROJECT.dashboards.values():
        for each in dashboard["filters"]:
            if each["type"] != "field_filter":
                continue
            column = each["field"].split(".")[1]
            for tile in dashboard["elements"]:
                can = {name for name in PROJECT.fields(tile["explore"]) if name.split(".")[1] == column}
                assert not can or tile.get("listen", {}).get(each["name"]) in can, tile["name"]


def test_funnel_tiles_ask_for_the_rows_of_days() -> None:
    """Only they have a day: with another dimension the filter of days would leave nothing."""
    tiles = [tile for each in PROJECT.dashboards.values() for tile in each["elements"]]
    funnels = [tile for tile in tiles if tile["explore"] == "conversion_funnel"]
    assert funnels
    for tile in funnels:
        assert tile["filters"] == {"conversion_funnel.dimension": "day"}
        assert tile["listen"] == {"Days": "conversion_funnel.session_date"}


def test_explores_over_facts_end_with_the_last_finished_build() -> None:
    """Exactly those of which lineage knows that a new last day changes what they show."""
    ending = {name for name, each in PROJECT.explores.items() if "audit.builds" in each.always_where}
    assert ending == lineage.SEEN_TO_DATA_THROUGH == {name for name in PROJECT.explores if name.startswith("fct_")}
    for name in ending:
        [day] = re.findall(r"^\$\{(fct_\w+\.\w+_raw)\} <= \(select data_through ", PROJECT.explores[name].always_where)
        assert PROJECT.fields(name)[day].view == name


def test_tiles_do_not_cover_each_other() -> None:
    for dashboard in PROJECT.dashboards.values():
        taken: set[tuple[int, int]] = set()
        for tile in dashboard["elements"]:
            cells = {
                (row, col)
                for row in range(tile["row"], tile["row"] + tile["height"])
                for col in range(tile["col"], tile["col"] + tile["width"])
            }
            assert not cells & taken and max(col for _, col in cells) < 24, tile["name"]
            taken |= cells


def test_each_dashboard_has_an_exposure_that_names_it_and_its_tables() -> None:
    exposures = yaml.safe_load((DBT_DIR / "models" / "exposures.yml").read_text())["exposures"]
    named = {each["config"]["meta"]["looker_dashboard"]: each for each in exposures if each["type"] == "dashboard"}
    assert named.keys() == {f"{MODEL}::{name}" for name in DASHBOARDS}
    for name in DASHBOARDS:
        exposure, dashboard = named[f"{MODEL}::{name}"], PROJECT.dashboards[name]
        assert (exposure["label"], exposure["description"]) == (dashboard["title"], dashboard["description"])
        used = {
            field.split(".")[0]
            for tile in dashboard["elements"]
            for field in [f"{tile['explore']}.", *tile["fields"], *tile.get("listen", {}).values()]
        }
        said = str(exposure["depends_on"])
        depends = {*re.findall(r"ref\('(\w+)'\)", said)} | {f"audit_{n}" for n in re.findall(r"'audit', '(\w+)'", said)}
        assert used == depends
