"""Severity in bands, as people say it: “0.2 below 3 days, 0.5 from 3, 0.8 from 7”, to and from an expression."""

import itertools
import re
from collections.abc import Sequence

EXAMPLE = "0.2 below 3, 0.5 from 3, 0.8 from 7"

_NUMBER = r"-?\d+(?:\.\d+)?"
_PART = re.compile(rf"(?P<severity>{_NUMBER})\s+(?P<word>below|from)\s+(?P<bound>{_NUMBER})(?:\s+[^\W\d]+)?")
_STEP = re.compile(rf"(\w+) >= ({_NUMBER}) \? ({_NUMBER}) : (?:\((.*)\)|({_NUMBER}))")

Band = tuple[str, str, str]


def bands_to_expression(field: str, text: str) -> str:
    """Return the expression over a number field; raises ValueError with a sentence that says what is wrong."""
    parts = [_read(piece.strip()) for piece in text.split(",") if piece.strip()]
    _check(parts)
    expression = parts[0][0]
    for severity, _, bound in parts[1:]:
        inner = expression if len(expression) < len(f"{field} >=") else f"({expression})"
        expression = f"{field} >= {bound} ? {severity} : {inner}"
    return expression


def expression_to_bands(expression: str) -> tuple[str, str] | None:
    """Return the field and the bands that an expression was made of, None where it was written by hand."""
    steps: list[tuple[str, str, str]] = []
    rest = expression
    while found := _STEP.fullmatch(rest):
        field, bound, severity, inner, lowest = found.groups()
        steps.append((field, bound, severity))
        rest = inner or lowest
    if not steps or not re.fullmatch(_NUMBER, rest) or len({field for field, _, _ in steps}) > 1:
        return None
    steps.reverse()
    said = [f"{rest} below {steps[0][1]}", *(f"{severity} from {bound}" for _, bound, severity in steps)]
    return steps[0][0], ", ".join(said)


def _read(piece: str) -> Band:
    found = _PART.fullmatch(piece)
    if found is None:
        raise ValueError(f"“{piece}” is no band. Write them as in: {EXAMPLE}.")
    if not 0 <= float(found["severity"]) <= 1:
        raise ValueError(f"The severity {found['severity']} does not lie between 0 and 1.")
    return found["severity"], found["word"], found["bound"]


def _check(parts: Sequence[Band]) -> None:
    words = [word for _, word, _ in parts]
    if len(parts) < 2 or words != ["below", *["from"] * (len(parts) - 1)]:
        raise ValueError(f"Say first what it is below a bound, and then from which bound on it is what: {EXAMPLE}.")
    if float(parts[0][2]) != float(parts[1][2]):
        raise ValueError(f"Between {parts[0][2]} and {parts[1][2]} no band says how severe it is.")
    for (_, _, lower), (_, _, upper) in itertools.pairwise(parts[1:]):
        if float(lower) >= float(upper):
            raise ValueError(f"The bounds must rise: {upper} comes after {lower}.")
