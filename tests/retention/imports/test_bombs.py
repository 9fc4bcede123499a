"""Small files that unpack to large ones are refused before they fill memory or disk."""

import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from retention.imports import readers
from retention.imports.errors import UnreadableFile
from retention.imports.readers import Layout, open_table
from retention.imports.sources import LONGEST_LINE_BYTES


def read_all(path: Path) -> int:
    """Return how many rows the file holds."""
    table = open_table(path, Layout(), ["name"], lambda line, value, reason: None)
    try:
        return sum(len(block.rows) for block in table.blocks)
    finally:
        table.close()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), ("", bytes)])
@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
def test_a_line_without_end_is_refused(tmp_path: Path, kind: str, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"bomb{kind}{suffix}"
    path.write_bytes(pack(b"name\n" + b"x" * (LONGEST_LINE_BYTES * 8)))
    with pytest.raises(UnreadableFile, match="a line is longer than 256 KiB"):
        read_all(path)


def test_lines_of_every_length_below_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("name\n" + "\n".join("x" * length for length in (1, 65_535, 65_536, 65_537, 131_000)) + "\n")
    assert read_all(path) == 5


def spreadsheet(path: Path, **parts: int) -> Path:
    """Write a packed file whose parts hold so many zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, size in parts.items():
            packed.writestr(f"xl/{name}.xml", b"0" * size)
    return path


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LARGEST_SPREADSHEET_BYTES", 1024**2)
    path = spreadsheet(tmp_path / "bomb.xlsx", workbook=600_000, sheet=600_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(UnreadableFile, match="unpacks to more than 1 MiB"):
        read_all(path)


def test_a_spreadsheet_whose_texts_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LARGEST_TEXTS_BYTES", 1024**2)
    with pytest.raises(UnreadableFile, match="texts alone take more than 1 MiB"):
        read_all(spreadsheet(tmp_path / "bomb.xlsx", workbook=10, sharedStrings=1_200_000))


def test_a_spreadsheet_packed_twice_is_measured_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LARGEST_SPREADSHEET_BYTES", 1024**2)
    monkeypatch.setattr(readers, "SPREADSHEET_SPOOL_BYTES", 64 * 1024)
    path = tmp_path / "bomb.xlsx.gz"
    path.write_bytes(gzip.compress(b"PK\x03\x04" + b"0" * 1_200_000))
    with pytest.raises(UnreadableFile, match="unpacks to more than 1 MiB"):
        read_all(path)
