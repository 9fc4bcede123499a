"""`manage.py import_records MAPPING FILE…`: files into the database, with every line accounted for."""

import argparse
import contextlib
import csv
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from retention.dashboards.export import safe
from retention.imports.errors import MappingError, Refusal, UnreadableFile
from retention.imports.loading import Options, StrictFailure, Summary, import_files
from retention.imports.mapping import Mapping, shipped_mappings
from retention.imports.mapping_files import find_mapping
from retention.imports.telling import sentences, told

TOLD_REFUSALS = 5


class Command(BaseCommand):
    # They read every page's code, which takes as long as importing thirty thousand lines.
    requires_system_checks = ()
    help = "Import records from CSV, TSV, JSON Lines or XLSX files, plain, .gz or .xz, by a mapping."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("mapping", help=f"a TOML file, or one of {', '.join(shipped_mappings())}")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--source", help="what the records are known by, instead of the mapping's source")
        parser.add_argument("--errors", type=Path, metavar="FILE", help="write refused lines to this CSV file")
        parser.add_argument("--strict", action="store_true", help="any refusal is a failure that writes nothing")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, and say what would be written")
        parser.add_argument(
            "--shift-to-now",
            action="store_true",
            help="move all dates by whole weeks, so that the last one falls into the week before now",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, tell the summary, and fail with a sentence where nothing could be written."""
        try:
            mapping = find_mapping(options["mapping"])
            summary = self._import(mapping, options)
        except (MappingError, UnreadableFile, StrictFailure) as error:
            raise CommandError(str(error)) from error
        for sentence in sentences(summary):
            self.stdout.write(sentence)
        if options["dry_run"]:
            self.stdout.write("This was a trial: nothing was written.")

    def _import(self, mapping: Mapping, options: dict[str, Any]) -> Summary:
        chosen = Options(**{name: options[name] for name in ("source", "strict", "dry_run", "shift_to_now")})
        with _refusals(options["errors"], self.stderr) as refuse, _progress(options["files"]) as bar:
            return import_files(
                mapping=mapping,
                paths=options["files"],
                options=chosen,
                refuse=refuse,
                report=functools.partial(_move, bar),
                acting_person=None,
            )


@contextlib.contextmanager
def _refusals(path: Path | None, stderr: Any) -> Iterator[Any]:
    """Where refusals go: to the errors file, and the first few to the terminal."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("w", newline="", encoding="utf-8")) if path else None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}") from error
        telling = _Telling(file, stderr)
        yield telling.refuse
        telling.finish()


class _Telling:
    """Tells of refusals: all of them to a file, the first few to the terminal."""

    def __init__(self, file: TextIO | None, stderr: Any) -> None:
        self._rows = csv.writer(file) if file else None
        self._stderr = stderr
        self._refused = 0
        if self._rows:
            self._rows.writerow(Refusal._fields)

    def refuse(self, refusal: Refusal) -> None:
        """Take note of a refusal."""
        self._refused += 1
        if self._rows:
            self._rows.writerow([safe(cell) for cell in refusal])
        if self._refused <= TOLD_REFUSALS:
            self._stderr.write(told(refusal))

    def finish(self) -> None:
        """Say how many there were besides."""
        if self._refused > TOLD_REFUSALS:
            where = "" if self._rows else "; --errors FILE keeps them all"
            self._stderr.write(f"… and {self._refused - TOLD_REFUSALS:,} more refused{where}")


def _move(bar: "tqdm[Any]", position: int) -> None:
    bar.update(position - bar.n)


def _progress(paths: list[Path]) -> "tqdm[Any]":
    # Without the thread that watches over bars: a process with threads is not forked to read ahead.
    tqdm.monitor_interval = 0
    size = sum(path.stat().st_size for path in paths if path.exists())
    return tqdm(total=size, unit="B", unit_scale=True, desc="Reading", disable=None, leave=False)
