"""The documents: every link leads somewhere, every path and test they name exists, nothing in use is left out."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from include.config import CONTRACTS_DIR, SQL_DIR
from tests.pipeline import guides

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:dags|include|local|plugins|tests|docs|terraform)/[\w./-]*\w/?)(?:::(\w+))?`")
GUIDES = [page for page in PAGES if page.name.startswith("adding-")]
# Statements that the stand-in ignores or runs in another way, and how include/sql writes them.
STATEMENTS = {
    "`copy into <table>`": r"^copy into \{\{",
    "`copy into <location>`": r"^copy into '@",
    "`create or replace transient table`": r"create or replace transient table",
    "`merge into`": r"^merge into",
    "`alter table … add column if not exists`": r"^alter table",
    "`create or replace view`": r"^create or replace view",
    "`information_schema.tables`": r"information_schema\.",
    "`union distinct`": r"^union distinct",
}


def name(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "README.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_named_by_its_path_exists(page: Path) -> None:
    made = set(re.findall(r"^`([\w./-]+)`$", page.read_text(), re.MULTILINE)) if page in GUIDES else set()
    for path, function in NAMED.findall(page.read_text()):
        if path in made or "<" in path:
            continue
        file = REPOSITORY / path
        assert file.exists(), path
        if function:
            functions = {node.name for node in ast.walk(ast.parse(file.read_text())) if hasattr(node, "name")}
            assert function in functions, f"{path}::{function}"


def test_the_index_leads_to_every_page() -> None:
    linked = {(DOCS / link).resolve() for link in LINK.findall((DOCS / "README.md").read_text())}
    assert {page for page in DOCS.glob("*.md") if page.name != "README.md"} <= linked


def test_every_key_of_a_contract_and_of_a_column_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "data-contracts.md").read_text(), re.MULTILINE))
    written = [yaml.safe_load(file.read_text()) for file in CONTRACTS_DIR.glob("*.yml")]
    used = {key for contract in written for key in contract}
    used |= {key for contract in written for column in contract["columns"] for key in column}
    assert used == explained
    text = (DOCS / "data-contracts.md").read_text()
    for contract in written:
        assert f"({'../include/contracts/'}{contract['table']}.yml)" in text, contract["table"]
        assert {f"`{column['type']}`" for column in contract["columns"]} <= set(re.findall(r"`[^`]+`", text))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_file_with_a_statement_that_the_stand_in_treats_apart_is_listed(statement: str) -> None:
    [row] = [line for line in (DOCS / "snowflake-sql.md").read_text().splitlines() if line.startswith(f"| {statement}")]
    files = {
        str(file.relative_to(SQL_DIR))
        for file in SQL_DIR.rglob("*.sql")
        if re.search(STATEMENTS[statement], file.read_text(), re.MULTILINE)
    }
    assert files
    assert set(re.findall(r"`(\w+/\w+\.sql)`", row)) == files


def test_every_statement_names_a_page_of_snowflake_or_says_by_memory() -> None:
    text = (DOCS / "snowflake-sql.md").read_text()
    table = text[text.index("| statement |") : text.index("Beside statements")].strip().splitlines()[2:]
    assert len(table) > 12
    for row in table:
        assert row.count("|") == 5, row
        assert "https://docs.snowflake." in row or "by memory" in row, row


def test_the_diagram_names_what_there_is() -> None:
    [diagram] = re.findall(r"```mermaid\n(.*?)```", (DOCS / "architecture.md").read_text(), re.DOTALL)
    dags = {file.stem for file in (REPOSITORY / "dags").glob("*.py")}
    loading = {dag for dag in dags if dag.startswith("ingest_")} | {"build_marts", "export_marts", "replay_quarantine"}
    assert {dag for dag in dags if dag in diagram} == loading
    from include import ingest

    steps = re.search(r"extract --> .*", diagram)
    assert steps
    for step in steps[0].split(" --> "):
        assert hasattr(ingest, step), step


def test_the_product_does_not_know_the_stand_ins() -> None:
    for folder in ("dags", "include", "plugins"):
        for file in (REPOSITORY / folder).rglob("*.py"):
            modules = {
                module
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for module in (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                )
            }
            foreign = [each for each in modules if re.match(r"(local|fakesnow|duckdb|moto|tests)(\.|$)", each)]
            assert not foreign, f"{file.relative_to(REPOSITORY)} imports {foreign}"


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_python_of_a_guide_is_written_as_the_project_writes_it(page: Path) -> None:
    for path, text in guides.files(page.name).items():
        if path.endswith(".py"):
            for command in (("check",), ("format", "--check", "--diff")):
                ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", path, "-"]
                said = subprocess.run(ruff, input=text, cwd=REPOSITORY, capture_output=True, text=True, check=False)
                assert said.returncode == 0, said.stdout


def test_every_decision_is_listed_with_its_own_words() -> None:
    index = (DOCS / "decisions" / "README.md").read_text()
    for page in (DOCS / "decisions").glob("0*.md"):
        number, title = page.read_text().splitlines()[0].removeprefix("# ").split(" ", 1)
        assert f"| [{number}]({page.name}) | {title} |" in index
