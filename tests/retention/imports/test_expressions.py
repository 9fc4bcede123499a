"""Conditions compiled to closures give the answers that rule-engine gives."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_engine import Rule

from retention.imports.errors import BadValue
from retention.imports.expressions import Expression, ExpressionError

TYPES = {"quantity": "integer", "price": "money", "code": "text", "day": "date", "late": "boolean"}


def result_of(text: str, **values: Any) -> Any:
    return Expression(text, TYPES, dt.UTC).compute([values.get(name) for name in TYPES])


KNOWN = st.fixed_dictionaries(
    {
        "quantity": st.integers(-5, 5),
        "price": st.decimals(-3, 3, places=2),
        "code": st.sampled_from(["C1", "85048", "79323P", "POST", ""]),
        "late": st.booleans(),
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "quantity > 0 and price > 0",
        "not (quantity >= 1 or late)",
        'code =~ "[0-9]{5}"',
        'code !~ "[0-9]{5}" or quantity == 2',
        'code =~~ "[A-Z]$"',
        'code in ["POST", "C1"]',
        'code.as_lower == "post"',
        "code.length > 3",
        "late == (quantity > 0)",
        "quantity * price - 1 < 0.5",
        "-quantity < price + 2",
        "(late ? quantity : 3) > 1",
    ],
)
@given(values=KNOWN)
def test_it_agrees_with_the_library(text: str, values: dict[str, Any]) -> None:
    assert result_of(text, **values) == bool(Rule(text).evaluate(values))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("quantity > 0", False),
        ("quantity <= 0", False),
        ("quantity == null", True),
        ("quantity != null", False),
        ("quantity * price", None),
        ("-quantity", None),
        ('code =~ "x"', False),
        ('code !~ "x"', True),
        ("(quantity ?? 3) > 2", True),
    ],
)
def test_an_unknown_value_makes_sums_unknown_and_orderings_false(text: str, result: object) -> None:
    assert result_of(text) is result


def test_it_divides_exactly() -> None:
    assert result_of("quantity / 4", quantity=1) == Decimal("0.25")


def test_division_by_zero_is_a_bad_value_of_the_line() -> None:
    with pytest.raises(BadValue, match="divided by zero"):
        result_of("price / quantity", quantity=0, price=Decimal(1))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("quantty > 0", "quantty"),
        ("quantity >", "syntax error"),
        ('quantity > "x"', "data type mismatch"),
        ("$now > day", "no column 'now'"),
        ("quantity ** 9999", r"only \+ - \* /"),
        ("[each for each in code]", "comprehension"),
        ("code =~ code", "written out in quotes"),
        ("code", "neither a number"),
    ],
)
def test_an_expression_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        Expression(text, TYPES, dt.UTC)


@pytest.mark.parametrize(
    "text",
    ["quantity * price", "price - quantity", "price + price", "-price", "quantity > 0", "price / quantity", "late"],
)
@given(
    lines=st.lists(
        st.tuples(
            st.none() | st.integers(1, 5),
            st.none() | st.decimals(-3, 3, places=2),
            st.sampled_from(["C1", None]),
            st.none(),
            st.booleans(),
        )
    )
)
def test_over_columns_it_gives_what_it_gives_for_each_line(text: str, lines: list[tuple[Any, ...]]) -> None:
    expression = Expression(text, TYPES, dt.UTC)
    columns = [[line[place] for line in lines] for place in range(len(TYPES))]
    # As texts, because 1.0 and 1.00 are equal, but not written so.
    assert list(map(str, expression.over_columns(columns))) == [str(expression.compute(line)) for line in lines]
