"""Documents: every link to a file or a heading of this repository leads somewhere."""

import re
import string
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from local.checks.tools import files

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:href|src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
KEPT = set(string.ascii_lowercase + string.digits + "-_ ")


def check(root: Path) -> list[str]:
    """Links that lead nowhere, as file:line."""
    found = []
    for name in files(root):
        if name.endswith(".md"):
            for number, line in _prose(root / name):
                for target in filter(None, (part for match in LINK.findall(line) for part in match)):
                    found += [f"{name}:{number}: {problem}" for problem in _follow(root, root / name, target)]
    return found


def _follow(root: Path, document: Path, target: str) -> list[str]:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return []
    path, _, fragment = unquote(target).partition("#")
    place = (document.parent / path).resolve() if path else document
    if not place.is_relative_to(root) or not place.exists():
        return [f"{target} does not exist"]
    if fragment and place.suffix == ".md" and fragment not in _anchors(place):
        return [f"{target}: {place.relative_to(root)} has no such heading"]
    return []


@cache
def _anchors(document: Path) -> frozenset[str]:
    """Names of the headings, as GitHub makes them."""
    names: list[str] = []
    for _, line in _prose(document):
        if heading := HEADING.match(line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            name = "".join(letter for letter in text if letter in KEPT or letter.isalpha()).replace(" ", "-")
            names.append(f"{name}-{names.count(name)}" if name in names else name)
    return frozenset(names)


def _prose(document: Path) -> list[tuple[int, str]]:
    """Lines with their numbers, without those of code blocks."""
    found, fence = [], ""
    for number, line in enumerate(document.read_text().splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            found.append((number, re.sub(r"`[^`]*`", "", line)))
    return found
