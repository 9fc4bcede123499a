"""Files read ahead by a second process: the same as without it, with its errors, and with nothing left behind."""

import datetime as dt
import gzip
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from retention.imports import ahead
from retention.imports.ahead import can_read_ahead, read_ahead
from retention.imports.errors import Refusal, UnreadableFile
from retention.imports.makers import Maker
from retention.imports.mapping import Mapping
from retention.imports.mapping_files import read_mapping
from retention.imports.program import LineCounts, Program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are read ahead on Linux only")
PRICES = read_mapping(
    "m.toml",
    b"""
    source = "shop"
    [columns]
    code = { required = true }
    price = { type = "money" }
    [computed]
    double = "price + price"
    [[records]]
    kind = "product"
    [records.fields]
    external_id = "code"
    name = { template = "{code} at {double}" }
    """,
)
LINES = "".join(f"c{number},{number % 50}.25\n" for number in range(5_000))


def written(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"part{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text("code,price\n" + text)
    return paths


class Taken:
    """What a program makes of files, read by another process or not."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.refused: list[Refusal] = []
        self.positions: list[int] = []
        self.program = Program(PRICES, dt.timedelta(), self.refused.append, self.flush)

    def flush(self, maker: Maker) -> None:
        self.rows += maker.rows
        maker.rows.clear()

    def read(self, paths: list[Path]) -> "Taken":
        for number, path in enumerate(paths):
            self.program.run(path, number, self.positions.append)
        self.program.finish()
        return self

    def read_ahead(self, paths: list[Path], mapping: Mapping = PRICES) -> "Taken":
        with read_ahead(paths, mapping, dt.timedelta()) as files:
            for number, path in enumerate(paths):
                files.read(self.program.taker(path.name, number, self.positions.append))
        self.program.finish()
        return self

    @property
    def all(self) -> tuple[list[tuple[Any, ...]], list[Refusal], list[int], LineCounts, set[str]]:
        return self.rows, self.refused, self.positions, self.program.counts, self.program.found


def test_another_process_reads_the_same_values_refusals_and_counts(tmp_path: Path) -> None:
    paths = written(tmp_path, LINES, "x,1.50\ny,dear\n,3\nz\nw,2\n")
    alone = Taken().read(paths)
    assert sorted(refusal.line for refusal in alone.refused) == [3, 4, 5]
    assert Taken().read_ahead(paths).all == alone.all
    assert len(alone.rows) == 5_002


def test_a_file_that_is_cut_off_is_named_by_the_process_that_imports(tmp_path: Path) -> None:
    (path,) = written(tmp_path, LINES)
    path.write_bytes(gzip.compress(path.read_bytes())[:-2_000])
    with pytest.raises(UnreadableFile, match=r"part0.csv: damaged or cut off"):
        Taken().read_ahead([path])


def test_a_reader_that_dies_is_no_end_of_the_file(tmp_path: Path) -> None:
    paths = written(tmp_path, LINES * 200)
    with read_ahead(paths, PRICES, dt.timedelta()) as files:
        os.kill(files._reader, 9)
        with pytest.raises(RuntimeError, match="the process that reads the files has died"):
            files.read(lambda _event: None)


def test_a_reader_ends_with_the_import_that_no_longer_listens(tmp_path: Path) -> None:
    paths = written(tmp_path, LINES * 200)
    with read_ahead(paths, PRICES, dt.timedelta()) as files:
        reader = files._reader
    with pytest.raises(ProcessLookupError):
        os.kill(reader, 0)


@pytest.fixture
def worth_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files, and a process of one thread on two processors, whatever else the process of the tests has running."""
    monkeypatch.setattr(ahead, "WORTH_A_PROCESS_BYTES", 1_000)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return written(tmp_path, LINES)


def test_a_second_processor_makes_a_process_worth_it(
    worth_a_process: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_read_ahead(worth_a_process)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    assert not can_read_ahead(worth_a_process)


def test_small_files_are_not_worth_a_process(worth_a_process: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "WORTH_A_PROCESS_BYTES", 1024**2)
    assert not can_read_ahead(worth_a_process)


def test_a_process_with_threads_is_not_forked(worth_a_process: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert not can_read_ahead(worth_a_process)
