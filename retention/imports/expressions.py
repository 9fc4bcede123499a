"""Conditions and sums in the language of rule-engine, compiled to closures.

The library checks names and types and builds the tree; its own evaluation takes tens of microseconds, too slow
for every line of a file. What is compiled here gives the same answers, except that an unknown (null) value makes
arithmetic null and any ordering false, so that one empty cell never stops an import.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import NoneType
from typing import Any

from rule_engine import Context, DataType, Rule, ast, type_resolver_from_dict
from rule_engine.errors import EngineError

from retention.imports.errors import BadValue
from retention.imports.values import Remembering

Compute = Callable[[Sequence[Any]], Any]

DATA_TYPES = {
    "text": DataType.STRING,
    "integer": DataType.FLOAT,
    "decimal": DataType.FLOAT,
    "money": DataType.FLOAT,
    "boolean": DataType.BOOLEAN,
    "date": DataType.DATETIME,
    "datetime": DataType.DATETIME,
}
ORDERINGS = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
ARITHMETIC = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}
MATCHERS = {
    "eq_fzm": (re.match, True),
    "ne_fzm": (re.match, False),
    "eq_fzs": (re.search, True),
    "ne_fzs": (re.search, False),
}
TEXT_CHANGES: dict[str, Callable[[str], Any]] = {"as_lower": str.lower, "as_upper": str.upper, "length": len}


class ExpressionError(ValueError):
    """An expression that cannot be compiled; the message says why."""


class Expression:
    """A compiled expression: `compute` maps the values of a line to a result of `type`."""

    def __init__(self, text: str, types: dict[str, str], timezone: dt.tzinfo) -> None:
        self.text = text
        self._types = types
        self._places = {name: place for place, name in enumerate(types)}
        self._inputs: set[str] = set()
        tree = self._parse(text, timezone)
        self.type = self._type_of(tree)
        self.compute = self._compile(tree)
        self._calculation = self._calculation_of(tree)
        self._remembered = Remembering(self._answer)

    def over(self, lines: Sequence[Sequence[Any]]) -> list[Any]:
        """The results for many lines; those of values that came together before are remembered."""
        if self._inputs and self._depends_on_values_alone():
            keys = map(operator.itemgetter(*(self._places[name] for name in sorted(self._inputs))), lines)
            return list(map(self._remembered.__getitem__, keys))
        return list(map(self.compute, lines))

    def over_columns(self, columns: Sequence[Sequence[Any]]) -> list[Any]:
        """The results for many lines that are given as columns, at least those that a line holds so far."""
        if self._calculation is not None:
            calculate, places = self._calculation
            given = [columns[place] for place in places]
            if not any(NoneType in map(type, column) for column in given):
                return list(map(calculate, *given))
        if self._inputs and self._depends_on_values_alone():
            given = [columns[self._places[name]] for name in sorted(self._inputs)]
            keys = given[0] if len(given) == 1 else zip(*given, strict=True)
            return list(map(self._remembered.__getitem__, keys))
        return list(map(self.compute, zip(*columns, strict=True)))

    def _calculation_of(self, node: Any) -> tuple[Callable[..., Any], list[int]] | None:
        """The operator and its columns, where the expression is no more than one sum or one change of sign."""
        calculate: Callable[..., Any] | None = None
        terms: list[Any] = []
        if isinstance(node, ast.UnaryExpression) and node.type == "uminus":
            calculate, terms = operator.neg, [node.right]
        elif isinstance(node, ast.ArithmeticExpression | ast.AddExpression | ast.SubtractExpression):
            calculate, terms = ARITHMETIC.get(node.type), [node.left, node.right]
        if calculate is None or not all(isinstance(term, ast.SymbolExpression) for term in terms):
            return None
        return calculate, [self._place(term) for term in terms]

    def _depends_on_values_alone(self) -> bool:
        # What is calculated keeps the zeros of its terms: 1.0 and 1.00 are equal, and their doubles are not written so.
        return self.type == "boolean" or not any(self._types[name] in {"decimal", "money"} for name in self._inputs)

    def _answer(self, key: Any) -> Any:
        values: list[Any] = [None] * len(self._types)
        names = sorted(self._inputs)
        for name, value in zip(names, key if len(names) > 1 else (key,), strict=True):
            values[self._places[name]] = value
        return self.compute(values)

    def _parse(self, text: str, timezone: dt.tzinfo) -> Any:
        resolver = type_resolver_from_dict({name: DATA_TYPES[kind] for name, kind in self._types.items()})
        try:
            return Rule(text, context=Context(type_resolver=resolver, default_timezone=timezone)).statement.expression
        except EngineError as error:
            raise ExpressionError(f"{text!r}: {getattr(error, 'message', None) or error}") from error

    def _type_of(self, node: Any) -> str:
        if node.result_type == DataType.BOOLEAN:
            return "boolean"
        if node.result_type == DataType.FLOAT:
            return "decimal"
        raise ExpressionError(f"{self.text!r}: gives neither a number nor true or false")

    def _compile(self, node: Any) -> Compute:
        for kind, compile_node in self._compilers():
            if isinstance(node, kind):
                return compile_node(node)
        raise ExpressionError(f"{self.text!r}: {type(node).__name__.removesuffix('Expression')} cannot be used here")

    def _compilers(self) -> tuple[tuple[type, Callable[[Any], Compute]], ...]:
        return (
            (ast.ArrayExpression, self._array),
            (ast.LiteralExpressionBase, self._literal),
            (ast.SymbolExpression, self._symbol),
            (ast.LogicExpression, self._logic),
            (ast.FuzzyComparisonExpression, self._match),
            (ast.ArithmeticComparisonExpression, self._ordering),
            (ast.ComparisonExpression, self._equality),
            (ast.ContainsExpression, self._contains),
            (ast.CoalesceExpression, self._coalesce),
            (ast.TernaryExpression, self._ternary),
            (ast.UnaryExpression, self._unary),
            (ast.GetAttributeExpression, self._attribute),
            (ast.AddExpression, self._arithmetic),
            (ast.SubtractExpression, self._arithmetic),
            (ast.ArithmeticExpression, self._arithmetic),
        )

    def _literal(self, node: Any) -> Compute:
        value = _plain(node.value)
        return lambda _values: value

    def _array(self, node: Any) -> Compute:
        members = frozenset(_plain(member.value) for member in node.value)
        return lambda _values: members

    def _symbol(self, node: Any) -> Compute:
        return operator.itemgetter(self._place(node))

    def _place(self, node: Any) -> int:
        if node.scope is not None or node.name not in self._places:
            raise ExpressionError(f"{self.text!r}: there is no column {node.name!r}")
        self._inputs.add(node.name)
        return self._places[node.name]

    def _logic(self, node: Any) -> Compute:
        left, right = self._truth(node.left), self._truth(node.right)
        if node.type == "and":
            return lambda values: left(values) and right(values)
        return lambda values: left(values) or right(values)

    def _truth(self, node: Any) -> Compute:
        compute = self._compile(node)
        return compute if node.result_type == DataType.BOOLEAN else lambda values: bool(compute(values))

    def _match(self, node: Any) -> Compute:
        if not isinstance(node.right, ast.StringExpression):
            raise ExpressionError(f"{self.text!r}: the pattern after =~ must be written out in quotes")
        matcher, wanted = MATCHERS[node.type]
        find = getattr(re.compile(node.right.value), matcher.__name__)

        def matches(value: str | None) -> bool:
            return (value is not None and find(value) is not None) is wanted

        left = self._compile(node.left)
        return lambda values: matches(left(values))

    def _ordering(self, node: Any) -> Compute:
        compare = ORDERINGS[node.type]
        left, right = self._compile(node.left), self._compile(node.right)

        def ordered(values: Sequence[Any]) -> bool:
            first, second = left(values), right(values)
            return first is not None and second is not None and compare(first, second)

        return ordered

    def _equality(self, node: Any) -> Compute:
        left, right = self._compile(node.left), self._compile(node.right)
        if node.type == "eq":
            return lambda values: left(values) == right(values)
        return lambda values: left(values) != right(values)

    def _contains(self, node: Any) -> Compute:
        container, member = self._compile(node.container), self._compile(node.member)

        def contains(values: Sequence[Any]) -> bool:
            held, wanted = container(values), member(values)
            return held is not None and wanted is not None and wanted in held

        return contains

    def _coalesce(self, node: Any) -> Compute:
        left, right = self._compile(node.left), self._compile(node.right)

        def first_known(values: Sequence[Any]) -> Any:
            value = left(values)
            return right(values) if value is None else value

        return first_known

    def _ternary(self, node: Any) -> Compute:
        condition = self._compile(node.condition)
        case_true, case_false = self._compile(node.case_true), self._compile(node.case_false)
        return lambda values: case_true(values) if condition(values) else case_false(values)

    def _unary(self, node: Any) -> Compute:
        right = self._compile(node.right)
        if node.type == "not":
            return lambda values: not right(values)

        def negative(values: Sequence[Any]) -> Any:
            value = right(values)
            return None if value is None else -value

        return negative

    def _attribute(self, node: Any) -> Compute:
        change = TEXT_CHANGES.get(node.name)
        if change is None:
            raise ExpressionError(f"{self.text!r}: .{node.name} cannot be used here (known: {', '.join(TEXT_CHANGES)})")
        held = self._compile(node.object)

        def changed(values: Sequence[Any]) -> Any:
            value = held(values)
            return None if value is None else change(value)

        return changed

    def _arithmetic(self, node: Any) -> Compute:
        left, right = self._compile(node.left), self._compile(node.right)
        if node.type in {"div", "tdiv"}:
            return _division(left, right)
        try:
            calculate = ARITHMETIC[node.type]
        except KeyError:
            raise ExpressionError(f"{self.text!r}: only + - * / can be used to calculate here") from None

        if isinstance(node.left, ast.SymbolExpression) and isinstance(node.right, ast.SymbolExpression):
            return _calculation_of_columns(self._place(node.left), self._place(node.right), calculate)

        def calculated(values: Sequence[Any]) -> Any:
            first, second = left(values), right(values)
            return None if first is None or second is None else calculate(first, second)

        return calculated


def _plain(value: Any) -> Any:
    # Whole numbers as int: comparing them with int columns is several times faster than with Decimal.
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _calculation_of_columns(left: int, right: int, calculate: Callable[[Any, Any], Any]) -> Compute:
    def calculated(values: Sequence[Any]) -> Any:
        first, second = values[left], values[right]
        return None if first is None or second is None else calculate(first, second)

    return calculated


def _division(left: Compute, right: Compute) -> Compute:
    def divided(values: Sequence[Any]) -> Any:
        first, second = left(values), right(values)
        if first is None or second is None:
            return None
        if not second:
            raise BadValue("would be divided by zero")
        return Decimal(first) / Decimal(second)

    return divided
