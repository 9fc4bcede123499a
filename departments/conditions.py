"""Conditions, severities and titles over a signal's fields: compiled once, checked against the registry of signals.

The language is rule-engine's, and `days_late > 2` means what it says. What a signal does not say is handled so:

- A comparison with an absent number is false, whichever way round: neither `days_late > 2` nor `days_late <= 2`.
- An absent text or yes-or-no equals nothing but null: neither `issued == true` nor `issued == false`.
- `not issued` is true where it is absent; write `issued == false` to ask for a known no.
- A severity that cannot be computed because a field is absent is `UNKNOWN_SEVERITY`.

A condition depends on the signal alone, so that detecting again finds the same: no clock, no chance.
"""

import decimal
import functools
import math
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import rule_engine
from rule_engine import ast, errors

from accounts.signals import KINDS, Field, Kind
from departments.patterns import pattern_problem

Values = Mapping[str, Any]

UNKNOWN_SEVERITY = 0.2
LONGEST_TEXT = 1000
CACHED = 1024
REMEMBERED = 10_000
FUNCTIONS = frozenset({"abs", "max", "min"})
PERCENT = "%"
# What a title may say beside the signal's fields: how many signals were gathered.
COUNT = "count"
LEAST_SHARE = 0.005
LONG_NUMBER = 1e6

# The plural of what the registry counts in, as a title goes on after a number.
_UNITS = {one.unit.removesuffix("s") for kind in KINDS.values() for one in kind.fields if one.unit.endswith("s")}
_OF_ONE = re.compile(rf"^ ({'|'.join(sorted(_UNITS))})s\b")
_NAN = decimal.Decimal("NaN")
_TYPES = {
    "text": rule_engine.DataType.STRING,
    "integer": rule_engine.DataType.FLOAT,
    "number": rule_engine.DataType.FLOAT,
    "boolean": rule_engine.DataType.BOOLEAN,
    "date": rule_engine.DataType.STRING,
}
_WORDS = {"text": "text", "integer": "a number", "number": "a number", "boolean": "yes or no", "date": "text"}
_RESULTS = {"BOOLEAN": "yes or no", "FLOAT": "a number", "STRING": "text"}


class ConditionError(ValueError):
    """A condition, severity or title that cannot be used; `str()` of it is a sentence that says why and where."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition over `fields`, which answers the same for the same values and so remembers them."""

    fields: tuple[str, ...]
    can_match_without: bool
    _matches: Callable[[Values], bool]
    _answers: dict[tuple[Any, ...], bool] = field(default_factory=dict)

    def matches(self, values: Values) -> bool:
        """Return whether it holds for the values of `values_of`; raises EngineError where they do not fit."""
        key = tuple(values[name] for name in self.fields)
        if not self.can_match_without and all(value is None or value is _NAN for value in key):
            return False
        try:
            return self._answers[key]
        except KeyError:
            return self._remember(key, bool(self._matches(values)))
        except TypeError:  # a list or an object in the data cannot be remembered by
            return bool(self._matches(values))

    def _remember(self, key: tuple[Any, ...], answer: bool) -> bool:  # noqa: FBT001 - a value, not a flag
        if len(self._answers) >= REMEMBERED:
            self._answers.clear()
        self._answers[key] = answer
        return answer


@dataclass(frozen=True, slots=True)
class Severity:
    """A compiled severity over `fields`, which answers the same for the same values and so remembers them."""

    fields: tuple[str, ...]
    _evaluate: Callable[[Values], Any]
    _answers: dict[tuple[Any, ...], float] = field(default_factory=dict)

    def of(self, values: Values) -> float:
        """Return the severity for the values of `values_of`, between 0 and 1."""
        key = tuple(values[name] for name in self.fields)
        try:
            return self._answers[key]
        except KeyError:
            return self._remember(key, self._computed(values))
        except TypeError:  # a list or an object in the data cannot be remembered by
            return self._computed(values)

    def _computed(self, values: Values) -> float:
        number = float(self._evaluate(values))
        return UNKNOWN_SEVERITY if math.isnan(number) else min(max(number, 0.0), 1.0)

    def _remember(self, key: tuple[Any, ...], answer: float) -> float:
        if len(self._answers) >= REMEMBERED:
            self._answers.clear()
        self._answers[key] = answer
        return answer


@dataclass(frozen=True, slots=True)
class Title:
    """A compiled title: plain pieces, each followed by a field and whether it is written as a percentage."""

    _pieces: tuple[tuple[str, str | None, str], ...]

    @property
    def counts(self) -> bool:
        """Return whether it says how many signals were gathered."""
        return any(name == COUNT for _, name, _ in self._pieces)

    def fill(self, data: Values, count: int = 1) -> str:
        """Return the title for a signal's data, the last of so many that were gathered: 2 days, and 1 day."""
        values = {**data, COUNT: count}
        filled, is_one = "", False
        for plain, name, style in self._pieces:
            value = values.get(name) if name is not None else None
            filled += _OF_ONE.sub(r" \1", plain) if is_one else plain
            filled += _spelt(value, style) if name is not None else ""
            is_one = not isinstance(value, bool) and value == 1 and style != PERCENT
        return filled


def values_of(kind: Kind, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a signal's data as conditions read it: every field of the kind, absent numbers as not-a-number."""
    return {one.name: _value(one, data.get(one.name)) for one in kind.fields}


@functools.lru_cache(maxsize=CACHED)
def compile_condition(kind_name: str, text: str) -> Condition:
    """Compile a condition over a kind of signal; raises ConditionError with a sentence."""
    kind = _kind(kind_name)
    rule = _compile(kind, text, "condition")
    _require_result(rule, "BOOLEAN", "A condition answers yes or no, such as: days_late > 2")
    _require_logic_over_answers(rule)
    return Condition(_fields_in(kind, text), bool(rule.matches(values_of(kind, {}))), rule.matches)


@functools.lru_cache(maxsize=CACHED)
def compile_severity(kind_name: str, text: str) -> Severity:
    """Compile a severity over a kind of signal; raises ConditionError with a sentence."""
    kind = _kind(kind_name)
    rule = _compile(kind, text, "severity")
    _require_result(rule, "FLOAT", "A severity is a number between 0 and 1, such as: days_late / 14")
    return Severity(_fields_in(kind, text), rule.evaluate)


@functools.lru_cache(maxsize=CACHED)
def compile_title(kind_name: str, text: str) -> Title:
    """Compile a title such as `Late shipment, {days_late} days`; raises ConditionError with a sentence."""
    kind = _kind(kind_name)
    try:
        pieces = tuple((plain, name, spec or "") for plain, name, spec, _ in string.Formatter().parse(text))
    except ValueError:
        raise ConditionError("In the title a brace { has no partner }.") from None
    for _, name, spec in pieces:
        _check_placeholder(kind, name, spec)
    return Title(pieces)


def _fields_in(kind: Kind, text: str) -> tuple[str, ...]:
    return tuple(one.name for one in kind.fields if re.search(rf"\b{one.name}\b", text))


def _check_placeholder(kind: Kind, name: str | None, spec: str) -> None:
    if name is None or (name == COUNT and not spec):
        return
    named = kind.field(name)
    if named is None:
        raise ConditionError(f"In the title, {{{name}}} is {_no_field(kind)}")
    if spec not in ("", PERCENT) or (spec and _TYPES[named.type] != _TYPES["number"]):
        raise ConditionError(f"In the title, write {{{name}}}, or {{{name}:%}} for a share as a percentage.")


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise ConditionError(f"There is no kind of signal “{name}”; there are {', '.join(KINDS)}.")
    return KINDS[name]


def _value(one: Field, value: Any) -> Any:
    if value is None:
        return _NAN if _TYPES[one.type] == _TYPES["number"] else None
    return value


def _compile(kind: Kind, text: str, what: str) -> rule_engine.Rule:
    if not text.strip():
        raise ConditionError(f"The {what} is empty.")
    if len(text) > LONGEST_TEXT:
        raise ConditionError(f"The {what} is longer than {LONGEST_TEXT} characters.")
    _check_functions(text, what)
    if problem := pattern_problem(text):
        raise ConditionError(f"The {what} is not taken: {problem}.")
    try:
        return rule_engine.Rule(text, context=_context(kind))
    except errors.RuleSyntaxError as error:
        raise ConditionError(_syntax_sentence(error, what)) from None
    except errors.SymbolResolutionError as error:
        raise ConditionError(_symbol_sentence(error, kind, text, what)) from None
    except errors.EvaluationError:
        raise ConditionError(_types_sentence(kind, text, what)) from None
    except errors.EngineError as error:
        raise ConditionError(f"The {what} is not understood: {error.message}.") from None


def _context(kind: Kind) -> rule_engine.Context:
    return rule_engine.Context(
        type_resolver={one.name: _TYPES[one.type] for one in kind.fields},
        # Without traps, not-a-number runs through comparisons and sums quietly instead of raising.
        decimal_context=decimal.Context(prec=15, traps=[]),
    )


def _check_functions(text: str, what: str) -> None:
    for used in re.finditer(r"\$(\w+)", text):
        if used[1] not in FUNCTIONS:
            allowed = ", ".join(f"${name}" for name in sorted(FUNCTIONS))
            raise ConditionError(
                f"The {what} uses {used[0]} at position {used.start() + 1}; only {allowed} may be used here."
            )


def _syntax_sentence(error: errors.RuleSyntaxError, what: str) -> str:
    token = error.token
    if token is None:
        return f"The {what} breaks off at its end."
    return f"The {what} is not understood at “{token.value}”, position {token.lexpos + 1}."


def _symbol_sentence(error: errors.SymbolResolutionError, kind: Kind, text: str, what: str) -> str:
    found = re.search(rf"\b{re.escape(error.symbol_name)}\b", text)
    where = f" at position {found.start() + 1}" if found else ""
    guess = f" Did you mean {error.suggestion}?" if error.suggestion else ""
    return f"In the {what}, “{error.symbol_name}”{where} is {_no_field(kind)}{guess}"


def _no_field(kind: Kind) -> str:
    names = ", ".join(one.name for one in kind.fields)
    return f"no field of {kind.label.lower()}; it has {names}."


def _types_sentence(kind: Kind, text: str, what: str) -> str:
    used = [one for one in kind.fields if re.search(rf"\b{one.name}\b", text)]
    types = "; ".join(f"{one.name} is {_WORDS[one.type]}" for one in used)
    return f"The {what} mixes values of different types{': ' + types if types else ''}."


def _require_result(rule: rule_engine.Rule, name: str, sentence: str) -> None:
    found = rule.statement.expression.result_type.name
    if found != name:
        raise ConditionError(f"{sentence}; this gives {_RESULTS.get(found, 'something else')}.")


def _require_logic_over_answers(rule: rule_engine.Rule) -> None:
    """`missing_parts and damaged` would hold for any number, so that each side must be an answer of its own."""
    for node in _nodes(rule.statement.expression):
        if isinstance(node, ast.LogicExpression):
            for side in (node.left, node.right):
                if side.result_type.name != "BOOLEAN":
                    raise ConditionError(
                        "“and” and “or” join answers: compare a number or text first, as in days_late > 0."
                    )


def _nodes(expression: Any) -> Iterator[Any]:
    yield expression
    for name in ("left", "right", "condition", "case_true", "case_false"):
        inner = getattr(expression, name, None)
        if inner is not None:
            yield from _nodes(inner)


def _spelt(value: Any, style: str) -> str:
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _percentage(value) if style == PERCENT else _number(value)
    return str(value)


def _number(value: float) -> str:
    return f"{round(value, 2):g}" if abs(value) < LONG_NUMBER else f"{value:.0f}"


def _percentage(share: float) -> str:
    return "less than 1%" if 0 < share < LEAST_SHARE else f"{share:.0%}"
