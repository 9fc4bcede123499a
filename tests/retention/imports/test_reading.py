"""Files of every kind become rows of text with the numbers of their lines."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from retention.imports.errors import UnreadableFile
from retention.imports.readers import Layout, open_table
from retention.imports.sources import UNDECODABLE, detect_encoding

LINES = "number;name;amount\n1;Müller & Söhne, München;12,50\n2;Öztürk Özel Gıda;7\n"


def rows_of(
    path: Path, layout: Layout | None = None
) -> tuple[list[str], list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    refused: list[tuple[int, str, str]] = []
    table = open_table(path, layout or Layout(), ["number", "data.days"], lambda *row: refused.append(row))
    try:
        rows = [row for block in table.blocks for row in zip(block.lines, block.rows, strict=True)]
        return table.headings, rows, refused
    finally:
        table.close()


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1254"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_it_reads_common_encodings_plain_and_compressed(
    tmp_path: Path, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path, "orders.csv", pack((LINES * 20).encode(encoding)))
    layout = Layout(encoding="cp1254") if encoding == "cp1254" else Layout()
    headings, rows, refused = rows_of(path, layout)
    assert headings == ["number", "name", "amount"]
    assert rows[0] == (2, ["1", "Müller & Söhne, München", "12,50"])
    assert rows[1] == (3, ["2", "Öztürk Özel Gıda", "7"])
    assert refused == []


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_it_recognises_western_code_pages(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "orders.csv", "name,price\nMüller & Söhne,12\nCafé Zoë,3\n".encode(encoding))
    assert rows_of(path)[1][0] == (2, ["Müller & Söhne", "12"])


def test_it_reads_a_late_pound_sign_of_windows_where_all_before_was_ascii(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b"name,price\n" + b"plain,1\n" * 20_000 + b"caf\xe9,\xa33\n")
    assert rows_of(path)[1][-1] == (20_002, ["café", "£3"])


def test_it_marks_bytes_that_are_not_text_and_reads_on(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", "name,price\nMüller,1\nÖzel,2\n".encode() + b"M\xfcller,3\nnext,4\n")
    rows = rows_of(path)[1]
    assert rows[0] == (2, ["Müller", "1"])
    assert UNDECODABLE in rows[2][1][0]
    assert rows[3] == (5, ["next", "4"])


def test_it_prefers_utf8_for_text_that_only_begins_in_ascii() -> None:
    encoding = detect_encoding(b"plain")
    assert "Grüße".encode().decode(encoding.name, encoding.errors) == "Grüße"
    assert "Grüße".encode("cp1252").decode(encoding.name, encoding.errors) == "Grüße"


def test_it_keeps_the_numbers_of_lines_across_quoted_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b'a,b\r\n1,"two\r\nlines"\r\n\r\n3,"say ""hi"""\r\n')
    assert rows_of(path)[1] == [(2, ["1", "two\r\nlines"]), (5, ["3", 'say "hi"'])]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b'a,b\n1,x\n2,"open\n3,y\n4,z\n')
    _headings, rows, refused = rows_of(path)
    assert rows == [(2, ["1", "x"]), (4, ["3", "y"]), (5, ["4", "z"])]
    assert refused == [(3, '2,"open', "a quote is not closed")]


def test_a_quote_that_swallows_quoted_lines_costs_its_own_line_only(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b'a,b\n1,"open\n2,"fine"\n3,"fine, too"\n')
    _headings, rows, refused = rows_of(path)
    assert rows == [(3, ["2", "fine"]), (4, ["3", "fine, too"])]
    assert [line for line, _value, _reason in refused] == [2]


def test_a_row_of_another_width_is_refused_by_itself(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv", b"a,b\n1\n2,x,y\n3,z\n")
    _headings, rows, refused = rows_of(path)
    assert rows == [(4, ["3", "z"])]
    assert refused == [
        (2, "1", "has 1 fields where the heading has 2"),
        (3, "2,x,y", "has 3 fields where the heading has 2"),
    ]


def test_it_reads_tab_separated_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.tsv", b"a\tb\n1\tx,y\n")
    assert rows_of(path)[1] == [(2, ["1", "x,y"])]


def test_it_reads_json_lines_with_nested_members_and_refuses_what_is_not_an_object(tmp_path: Path) -> None:
    lines = [json.dumps({"number": 12.10, "data": {"days": True}}), "[1]", "{broken", json.dumps({"other": 1})]
    path = written(tmp_path, "signals.jsonl.gz", gzip.compress("\n".join(lines).encode()))
    headings, rows, refused = rows_of(path)
    assert headings == ["number", "data.days"]
    assert rows == [(1, ["12.1", "true"]), (4, ["", ""])]
    assert [(line, value) for line, value, _reason in refused] == [(2, "[1]"), (3, "{broken")]


def test_it_reads_the_named_sheet_of_a_spreadsheet(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.create_sheet("Lines").append(["number", "name"])
    workbook["Lines"].append([13085.0, "=1+1"])
    workbook["Lines"].append([None, None])
    workbook["Lines"].append([2.5, "x"])
    path = tmp_path / "orders.xlsx"
    workbook.save(path)
    _headings, rows, _refused = rows_of(path, Layout(sheet="Lines"))
    assert [(line, row[0]) for line, row in rows] == [(2, "13085"), (4, "2.5")]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_file_that_was_cut_off_is_named(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = pack("".join(f"{number},x{number * 7919}\n" for number in range(60_000)).encode())
    path = written(tmp_path, "orders.csv", content[: len(content) // 2])
    with pytest.raises(UnreadableFile, match=r"orders\.csv: damaged or cut off"):
        rows_of(path)


def test_a_name_that_tells_no_format_is_an_error_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"known are \.csv"):
        rows_of(written(tmp_path, "orders.doc", b"hello"))


def test_an_empty_file_has_no_heading_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no heading line"):
        rows_of(written(tmp_path, "orders.csv", b""))


def test_something_that_only_claims_to_be_a_spreadsheet_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="not an XLSX file"):
        rows_of(written(tmp_path, "orders.xlsx", b"PK\x03\x04 nothing"))
