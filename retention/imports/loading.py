"""Files into the database: read, stage, check, write; every line and record accounted for.

A plain import writes batch after batch, each in its own transaction, and can be repeated after an interruption.
A strict one writes all or nothing; a dry run does everything a plain one does and then takes it back.
"""

import contextlib
import datetime as dt
import functools
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DatabaseError, DataError, InterfaceError, connection, transaction
from django.utils import timezone

from accounts.bulk import derive_annual_revenue, derive_customer_since, know_sizes
from accounts.models import AuditEntry
from departments.models import Person
from retention.imports.ahead import can_read_ahead, read_ahead
from retention.imports.copying import Copying
from retention.imports.errors import Refusal
from retention.imports.kinds import KINDS
from retention.imports.log_writing import LogWriter
from retention.imports.mapping import Mapping
from retention.imports.program import LineCounts, Program
from retention.imports.reading import Deliver, read_file
from retention.imports.shifting import shift_to
from retention.imports.sql import execute
from retention.imports.staging import Stage
from retention.imports.writing import RecordCounts, StageWriter, refusals_of

Refuse = Callable[[Refusal], None]
Report = Callable[[int], None]

DERIVATIONS = {"annual_revenue": derive_annual_revenue, "customer_since": derive_customer_since}
# Sorting and joining some hundred thousand staged rows; the server's default spills them to disk.
WORK_MEMORY = "64MB"
# What is staged stays in the server's memory.
STAGING_MEMORY = "64MB"


class StrictFailure(Exception):  # noqa: N818 - named for what it is
    """Something was refused in a strict import, and nothing was written."""


@dataclass
class Summary:
    """What an import did, or in a dry run would do."""

    lines: LineCounts = field(default_factory=LineCounts)
    records: dict[str, RecordCounts] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)
    weeks_shifted: int = 0
    unfinished: int = 0
    unfinished_named: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """Lines and records that were refused."""
        return self.lines.refused + sum(counts.refused for counts in self.records.values())

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON can hold it."""
        return {
            "lines": {
                "read": self.lines.read,
                "used": self.lines.used,
                "refused": self.lines.refused,
                "left_out": dict(self.lines.left_out),
            },
            "records": {kind: dict(vars(counts)) for kind, counts in self.records.items()},
            "derived": self.derived,
            "weeks_shifted": self.weeks_shifted,
            "unfinished": self.unfinished,
        }


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to import: as which source, all or nothing, for trial, as if the files had been written today."""

    source: str | None = None
    strict: bool = False
    dry_run: bool = False
    shift_to_now: bool = False


def import_files(
    *,
    mapping: Mapping,
    paths: Sequence[Path],
    options: Options,
    refuse: Refuse,
    report: Report,
    acting_person: Person | None,
) -> Summary:
    """Import files by a mapping.

    `refuse` hears of every refusal as it is found, `report` of the bytes read of all files so far.
    Raises UnreadableFile for a file that cannot be read to its end, having written nothing, and StrictFailure.
    """
    loader = _Loader(mapping, options, paths, refuse, acting_person)
    with loader.staging():
        loader.read(report)
        loader.write()
        summary = loader.summary
        if options.strict and summary.refused:
            raise StrictFailure(f"{summary.refused:,} lines or records were refused, so nothing was written")
        if not options.dry_run:
            AuditEntry.objects.create(
                verb="records.import",
                person=acting_person,
                details={"mapping": mapping.name, "files": [path.name for path in paths], **summary.as_dict()},
            )
        elif connection.in_atomic_block:
            transaction.set_rollback(True)
    return summary


@contextlib.contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Look for garbage less often: millions of short-lived rows hold no cycles, and looking costs an eighth."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _give_staging_memory() -> None:
    # A session that has used temporary tables keeps the memory it has for them, and nothing tells that it has:
    # pg_my_temp_schema() forgets the ones whose transaction was rolled back.
    with contextlib.suppress(DataError), transaction.atomic():
        execute(f"SET temp_buffers = '{STAGING_MEMORY}'")


def _report_after(report: Report, done: int, position: int) -> None:
    report(done + position)


class _Loader:
    """One import from the first line read to the last record written."""

    def __init__(
        self, mapping: Mapping, options: Options, paths: Sequence[Path], refuse: Refuse, acting_person: Person | None
    ) -> None:
        self.summary = Summary()
        self._mapping = mapping
        self._options = options
        self._paths = paths
        self._refuse = refuse
        self._acting_person = acting_person
        source = options.source or mapping.source
        self._source = source
        self._stages = [Stage(number, rule, source) for number, rule in enumerate(mapping.records)]

    @contextlib.contextmanager
    def staging(self) -> Iterator[None]:
        """Temporary tables for as long as the import lasts, in one transaction where it is all or nothing."""
        whole = self._options.strict or self._options.dry_run
        with transaction.atomic() if whole else contextlib.nullcontext():
            try:
                execute(f"SET work_mem = '{WORK_MEMORY}'")
                _give_staging_memory()
                for stage in self._stages:
                    stage.create()
                yield
            finally:
                if not connection.needs_rollback:
                    self._clear()

    def _clear(self) -> None:
        # A lost connection has dropped its temporary tables itself, and must not hide why it was lost.
        with contextlib.suppress(DatabaseError, InterfaceError):
            for stage in self._stages:
                stage.drop()
            execute("RESET work_mem")

    def read(self, report: Report) -> None:
        """Read all files into the staging tables."""
        shift = dt.timedelta()
        if self._options.shift_to_now:
            shift = shift_to(timezone.now(), self._mapping, self._paths)
            self.summary.weeks_shifted = shift // dt.timedelta(weeks=1)
        with _rare_garbage_collection(), self._reading(shift) as read_next, Copying() as copying:
            program = Program(self._mapping, shift, self._refuse, copying.copy)
            copying.stage_of = dict(zip(program.makers, self._stages, strict=True))
            done = 0
            for number, path in enumerate(self._paths):
                read_next(path, program.taker(path.name, number, functools.partial(_report_after, report, done)))
                done += path.stat().st_size
                report(done)
            program.finish()
            copying.finish()
        self.summary.lines = program.counts
        for stage in self._stages:
            stage.write_only(program.found)

    @contextlib.contextmanager
    def _reading(self, shift: dt.timedelta) -> Iterator[Callable[[Path, Deliver], None]]:
        """What reads the files one after the other: a second process where that helps, else this one."""
        if can_read_ahead(self._paths):
            with read_ahead(self._paths, self._mapping, shift) as files:
                yield lambda _path, deliver: files.read(deliver)
        else:
            yield lambda path, deliver: read_file(path, self._mapping, shift, deliver)

    def write(self) -> None:
        """Write what was staged, kind after kind, so that what is named by others is there before them."""
        kinds = list(KINDS)
        for stage in sorted(self._stages, key=lambda stage: kinds.index(stage.kind)):
            if stage.rule.log is None:
                writer = StageWriter(stage, self._acting_person)
                self._count(stage.kind, writer.write())
            else:
                self._write_log(stage)
            for refusal in refusals_of(stage, self._mapping, self._paths):
                self._refuse(refusal)
        if self._mapping.derive:
            know_sizes()
        for name in self._mapping.derive:
            with transaction.atomic():
                self.summary.derived[name] = DERIVATIONS[name](source=self._source)

    def _write_log(self, stage: Stage) -> None:
        outcome = LogWriter(stage, self._acting_person).write()
        for kind, counts in outcome.counts.items():
            self._count(kind, counts)
        self.summary.unfinished += outcome.unfinished
        self.summary.unfinished_named += outcome.named

    def _count(self, kind: str, counts: RecordCounts) -> None:
        self.summary.records.setdefault(kind, RecordCounts()).add_counts(counts)
