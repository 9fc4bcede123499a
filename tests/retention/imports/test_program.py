"""Lines become records: filters, groups, counts, refusals; memory stays bounded."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from retention.imports.errors import Refusal, UnreadableFile
from retention.imports.makers import LINES_IN_A_FRAGMENT, Maker, file_and_line
from retention.imports.mapping_files import find_mapping, read_mapping
from retention.imports.program import ROWS_IN_A_BATCH, LineCounts, Program
from retention.imports.shifting import shift_to

INVOICES = b"""
source = "shop"
[columns]
invoice = { required = true }
customer = {}
sku = {}
quantity = { type = "integer" }
price = { type = "money" }
day = { type = "date" }
[computed]
amount = "quantity * price"
[[leave_out]]
reason = "no customer"
when = "customer == null"
[[leave_out]]
reason = "postage"
when = 'sku == "POST"'
still_makes = ["account"]
[[records]]
kind = "account"
[records.fields]
external_id = "customer"
name = { template = "Customer {customer}" }
[[records]]
kind = "order"
when = "quantity > 0"
group_by = "invoice"
[records.fields]
external_id = "invoice"
account = "customer"
ordered_at = { min = "day" }
amount = { sum = "amount" }
[records.lines]
sku = "sku"
quantity = "quantity"
unit_price = "price"
"""
HEADING = "invoice,customer,sku,quantity,price,day\n"


class Collected:
    """Runs a mapping over texts and keeps what comes out."""

    def __init__(self, tmp_path: Path, mapping: bytes, *texts: str) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self.lines: list[tuple[Any, ...]] = []
        self.largest = 0
        self.refused: list[Refusal] = []
        program = Program(read_mapping("m.toml", mapping), dt.timedelta(), self.refused.append, self.flush)
        for number, text in enumerate(texts):
            path = tmp_path / f"part{number}.csv"
            path.write_text(text)
            program.run(path, number, lambda _position: None)
        program.finish()
        self.counts: LineCounts = program.counts

    def flush(self, maker: Maker) -> None:
        self.largest = max(self.largest, len(maker.rows), len(maker.line_rows))
        self.rows.setdefault(maker.rule.kind.name, []).extend(maker.rows)
        self.lines.extend(maker.line_rows)
        maker.rows.clear()
        maker.line_rows.clear()


def test_lines_are_grouped_into_orders_with_exact_sums(tmp_path: Path) -> None:
    text = HEADING + "1,A,x,3,0.10,2024-01-02\n1,A,y,1,0.10,2024-01-01\n2,A,x,1,5,2024-01-03\n"
    collected = Collected(tmp_path, INVOICES, text)
    orders = [(row[1], row[2], str(row[3].date()), str(row[4])) for row in collected.rows["order"]]
    assert orders == [("1", "A", "2024-01-01", "0.40"), ("2", "A", "2024-01-03", "5")]
    assert [line[1:3] for line in collected.lines] == [("1", "x"), ("1", "y"), ("2", "x")]
    assert collected.rows["account"] == [(2, "A", "Customer A")]


def test_every_line_is_counted_once_with_the_reason(tmp_path: Path) -> None:
    text = HEADING + "1,A,x,3,1,2024-01-02\n1,,x,1,1,2024-01-02\n1,A,POST,1,1,\n,A,x,1,1,\n2,B,x,-1,1,2024-01-02\n"
    counts = Collected(tmp_path, INVOICES, text).counts
    assert (counts.read, counts.used, counts.refused) == (5, 2, 1)
    assert dict(counts.left_out) == {"no customer": 1, "postage": 1}


def test_a_bad_line_is_refused_with_heading_value_and_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = HEADING + "1,A,x,three,1,2024-01-02\n2,A,x,1,1,\n3,A,,1,1,2024-01-02\n4,A,x,1,1,2024-01-02\n"
    collected = Collected(tmp_path, INVOICES, text)
    assert collected.refused == [
        Refusal("part0.csv", 2, "quantity", "three", "is not a whole number"),
        Refusal("part0.csv", 3, "order.ordered_at", "", "is empty"),
        Refusal("part0.csv", 4, "order.sku", "", "is empty"),
    ]
    assert [row[1] for row in collected.rows["order"]] == ["4"]


def test_a_group_that_goes_on_elsewhere_is_handed_over_in_parts(tmp_path: Path) -> None:
    text = HEADING + "1,A,x,1,1,2024-01-02\n2,A,x,1,1,2024-01-02\n1,A,y,1,2,2024-01-02\n"
    collected = Collected(tmp_path, INVOICES, text, HEADING + "3,A,z,1,4,2024-01-02\n1,A,z,1,4,2024-01-02\n")
    assert [(row[1], str(row[4])) for row in collected.rows["order"]] == [
        ("1", "1"),
        ("2", "1"),
        ("1", "2"),
        ("3", "4"),
        ("1", "4"),
    ]
    assert file_and_line(collected.rows["order"][-1][0]) == (1, 3)


@pytest.mark.parametrize(
    ("group_by", "named"),
    [(b'group_by = "invoice"', "invoice"), (b'group_by = ["invoice", "till"]', "invoice, till")],
)
def test_a_line_that_names_no_group_is_refused_wherever_it_stands(tmp_path: Path, group_by: bytes, named: str) -> None:
    mapping = INVOICES.replace(b"invoice = { required = true }", b"invoice = {}\ntill = { optional = true }")
    mapping = mapping.replace(b'group_by = "invoice"', group_by)
    text = HEADING + "".join(f"{invoice},A,x,1,1,2024-01-02\n" for invoice in ("", "", "1", "", "1", ""))
    collected = Collected(tmp_path, mapping, text)
    reason = "is empty, so that the line belongs to no order"
    assert collected.refused == [Refusal("part0.csv", line, named, "", reason) for line in (2, 3, 5, 7)]
    assert [(row[1], str(row[4])) for row in collected.rows["order"]] == [("1", "2")]
    assert (collected.counts.read, collected.counts.used, collected.counts.refused) == (6, 2, 4)


def test_a_line_without_a_group_makes_no_record_of_its_own(tmp_path: Path) -> None:
    mapping = INVOICES.replace(b"invoice = { required = true }", b"invoice = {}\nnumber = {}")
    mapping = mapping.replace(b'external_id = "invoice"', b'external_id = "number"')
    text = "number," + HEADING + "7,,A,x,1,1,2024-01-02\n8,1,A,x,1,1,2024-01-02\n"
    collected = Collected(tmp_path, mapping, text)
    assert [row[1] for row in collected.rows["order"]] == ["8"]
    assert (collected.counts.used, collected.counts.refused) == (1, 1)


def test_an_endless_group_does_not_grow_in_memory(tmp_path: Path) -> None:
    collected = Collected(tmp_path, INVOICES, HEADING + "1,A,x,1,1,2024-01-02\n" * 50_000)
    assert collected.largest <= ROWS_IN_A_BATCH + LINES_IN_A_FRAGMENT
    assert sum(row[4] for row in collected.rows["order"]) == 50_000


def test_the_last_word_on_an_account_is_kept(tmp_path: Path) -> None:
    mapping = INVOICES.replace(b'{ template = "Customer {customer}" }', b'"sku"')
    text = HEADING + "".join(f"1,A,{name},1,1,2024-01-02\n" for name in ("x", "x", "y", "x"))
    assert [row[2] for row in Collected(tmp_path, mapping, text).rows["account"]] == ["x", "y", "x"]


def test_a_file_without_a_needed_column_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"no column 'price', which the mapping m\.toml needs"):
        Collected(tmp_path, INVOICES, "invoice,customer,sku,quantity,day\n1,A,x,1,2024-01-02\n")


@pytest.mark.parametrize("heading", ["Invoice,Price,Customer ID", "InvoiceNo,UnitPrice,CustomerID"])
def test_online_retail_is_read_with_either_years_headings(tmp_path: Path, heading: str) -> None:
    invoice, price, customer = heading.split(",")
    path = tmp_path / "year.csv"
    path.write_text(
        f"{invoice},StockCode,Description,Quantity,InvoiceDate,{price},{customer},Country\n"
        "489434,85048,GLASS BALL,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom\n"
        "C489449,22087,PAPER BUNTING,-12,12/1/2009 10:33,2.95,16321.0,Australia\n"
    )
    rows: dict[str, list[tuple[Any, ...]]] = {}
    program = Program(
        find_mapping("online_retail_ii"),
        dt.timedelta(),
        lambda refusal: pytest.fail(str(refusal)),
        lambda maker: rows.setdefault(maker.rule.kind.name, []).extend(maker.rows),
    )
    program.run(path, 0, lambda _position: None)
    program.finish()
    assert rows["account"] == [
        (2, "13085", "Customer 13085", "United Kingdom"),
        (3, "16321", "Customer 16321", "Australia"),
    ]
    assert rows["signal"][0][1:4] == ("C489449", "16321", "credit_note")


def test_dates_are_shifted_by_whole_weeks_into_the_week_before_now(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(HEADING + "1,A,x,1,1,2010-12-09\n1,A,x,1,1,nonsense\n1,A,x,1,1,2010-12-01\n")
    now = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
    shift = shift_to(now, read_mapping("m.toml", INVOICES), [path])
    assert shift % dt.timedelta(weeks=1) == dt.timedelta()
    assert now - dt.timedelta(weeks=1) < dt.datetime(2010, 12, 9, tzinfo=dt.UTC) + shift <= now
