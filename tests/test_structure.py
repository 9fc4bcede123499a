"""The habits of the house that no other checker knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
APPS = ("accounts", "departments", "retention")
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_MEDIAN = 500, 50, 8
CODE = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NOT_UNDER_OUR_POLICY = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.IGNORECASE),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "something from elsewhere": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions() -> Iterator[tuple[str, int]]:
    """Yield each function of the apps and its length in lines."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name_of(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in CODE}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    lengths = dict(functions())
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
    assert median(lengths.values()) <= LONGEST_MEDIAN


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_templates_hold_nothing_that_the_content_security_policy_forbids(template: Path) -> None:
    text = template.read_text()
    assert [what for what, pattern in NOT_UNDER_OUR_POLICY.items() if pattern.search(text)] == []


def test_there_are_no_model_signals() -> None:
    uses = re.compile(r"django\.db\.models\.signals|\b(?:pre|post)_(?:save|delete)\b")
    assert [name_of(path) for path in CODE if uses.search(path.read_text())] == []


def test_every_exempted_type_says_why() -> None:
    bare = re.compile(r"# type: ignore(?:\[[^\]]*\])?\s*$", re.MULTILINE)
    assert [name_of(path) for path in CODE if bare.search(path.read_text())] == []
