"""Figures in templates are rounded as Django would."""

import decimal

import pytest
from django.template.defaultfilters import floatformat as by_django
from django.utils import translation

from retention.templatetags.figures import floatformat

VALUES = (1234.5, 0.125, -0.004, 2, True, 0.0, -0.0, 0, decimal.Decimal("2.50"), "3.14", "", None, float("inf"))


@pytest.mark.parametrize("language", ["en-gb", "de"])
@pytest.mark.parametrize("digits", [-1, 0, 1, 2, "-2", "2g", "words"])
def test_a_figure_is_rounded_as_django_does_it(digits: int | str, language: str) -> None:
    with translation.override(language):
        expected = [by_django(value, digits) for value in VALUES]
        assert [floatformat(value, digits) for value in VALUES] == expected
        assert [floatformat(value, digits) for value in VALUES] == expected
