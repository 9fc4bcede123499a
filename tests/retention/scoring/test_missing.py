"""The rules for what is missing are written down once, and the document says the same."""

from __future__ import annotations

from pathlib import Path

from retention.scoring.missing import missing_rules

DOCUMENT = Path(__file__).parents[3] / "docs" / "score.md"


def test_the_document_lists_every_rule_in_the_same_words() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for rule in missing_rules():
        assert f"| {rule.missing} | {rule.counts} |" in rows
