"""Tables as the company's own systems would export them, in the columns of the shipped import templates."""

import csv
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Cell = str | int | float | bool | datetime.date | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for one import template; `name` says which."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write(table: Table, folder: Path) -> Path:
    """Write a table as CSV, in UTF-8, and return where it lies."""
    path = folder / f"{table.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)
    return path
