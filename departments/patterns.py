"""Patterns in conditions that could keep a worker busy for longer than anybody waits: refused before they are used."""

import re
from typing import Final

_LITERAL: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_MATCHING: Final = re.compile(r"[=!]~")
# A pattern is one piece of text, written out, and nothing is made of it.
_WRITTEN_OUT: Final = re.compile(r"[=!]~~?\s*\"\s*(?=$|[\])},?:]|and\b|or\b)")
# Wherever it stands: what a backslash or a set makes of it depends on how often it is read.
_REPEATED_GROUP: Final = re.compile(r"\)\s*[*+{]")
_BY_NUMBER: Final = re.compile(r"\\[xuUN0-9]|\(\?[a-zA-Z]*x")
_REPETITION: Final = re.compile(r"[*+{]")
MOST_REPETITIONS: Final = 4


def pattern_problem(text: str) -> str | None:
    """Return what is wrong with the patterns of a condition as a sentence; None where nothing is.

    What a repeated group holds can be divided in more ways than can be tried, which doubles with each letter.
    """
    literals = _LITERAL.findall(text)
    bare = _LITERAL.sub('"', text)
    if len(_MATCHING.findall(bare)) != len(_WRITTEN_OUT.findall(bare)):
        return "the pattern after =~ must be written out in quotes"
    if not _MATCHING.search(bare):
        return None
    for pattern in literals:
        if _BY_NUMBER.search(pattern):
            return "a pattern names no letter by its number and has no flag x"
        if _REPEATED_GROUP.search(pattern):
            return "in a pattern, what stands in brackets ( ) cannot be repeated by *, + or { }"
        if len(_REPETITION.findall(pattern)) > MOST_REPETITIONS:
            return f"a pattern repeats up to {MOST_REPETITIONS} times by *, + or {{ }}"
    return None
