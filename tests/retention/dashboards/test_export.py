"""Exported rows are read by spreadsheets, which must not be made to calculate with them."""

import datetime

import pytest

from retention.dashboards.export import csv_response, safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_a_text_that_would_be_a_formula_becomes_a_text(start: str) -> None:
    assert str(safe(f"{start}HYPERLINK(1)")).startswith("'")


def test_numbers_below_zero_stay_numbers() -> None:
    assert safe(-3.5) == -3.5


def test_a_moment_is_written_to_the_minute() -> None:
    assert safe(datetime.datetime(2026, 3, 1, 9, 5, tzinfo=datetime.UTC)) == "2026-03-01 09:05+00:00"


def test_the_file_has_a_head_and_a_line_for_each_row() -> None:
    response = csv_response("rows", ["Name", "Money"], [["=1+1", 2], [None, 3]])
    text = b"".join(response.streaming_content).decode()  # type: ignore[arg-type]  # a plain iterator
    assert text == "\ufeffName,Money\r\n'=1+1,2\r\n,3\r\n"
