"""Imports by upload: asked for by a person, done by a worker, done again where a worker died over it."""

import contextlib
import datetime as dt
import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from django.core.cache import cache
from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.errors import Invalid, NotAllowed
from departments.models import Capability, Person
from retention.imports.errors import MappingError, Refusal, UnreadableFile
from retention.imports.loading import Options, StrictFailure, Summary, import_files
from retention.imports.mapping_files import read_mapping
from retention.imports.telling import sentences
from retention.models import ImportFile, ImportRefusal, ImportRun, ImportState

# An import that takes its worker down with it must not do so for ever.
MOST_ATTEMPTS = 5
KEPT_REFUSALS = 10_000
PROGRESS_SECONDS = 0.5
PROGRESS_KEPT_SECONDS = 3600
STALE = dt.timedelta(minutes=1)
# The first key of the advisory locks that stand for imports.
LOCK_SPACE = 0x1A9
LONGEST_NAME = 200
LONGEST_TOLD = 500


@transaction.atomic
def ask_for_import(
    *,
    mapping_file: str,
    mapping_text: str,
    files: "Sequence[File[bytes]]",
    options: Options,
    acting_person: Person,
) -> ImportRun:
    """Keep what was uploaded, for a worker to import; the mapping is checked at once.

    Raises NotAllowed, and Invalid with the sentence of a wrong mapping.
    """
    if not acting_person.can(Capability.IMPORT_RECORDS):
        raise NotAllowed("Your role does not import records.")
    try:
        read_mapping(mapping_file, mapping_text.encode())
    except MappingError as error:
        raise Invalid("mapping", str(error)) from error
    run = ImportRun.objects.create(
        person=acting_person,
        mapping_file=mapping_file[:LONGEST_NAME],
        mapping_text=mapping_text,
        source=options.source or "",
        is_strict=options.strict,
        is_trial=options.dry_run,
        shifts_to_now=options.shift_to_now,
    )
    for position, file in enumerate(files):
        name = PurePath(file.name or "upload").name[-LONGEST_NAME:]
        ImportFile.objects.create(
            run=run, position=position, name=name, content=file, size=file.size, digest=_digest(file)
        )
    run.refresh_from_db()
    return run


def _digest(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def perform(run_id: int) -> None:
    """Import what was uploaded, once: a repeated message finds it done, or finds another worker at it.

    What was uploaded is kept as long as it may be needed for another attempt, and no longer.
    """
    with _lock(run_id) as is_ours:
        run = ImportRun.objects.unfinished().filter(pk=run_id).first() if is_ours else None
        if run is None:
            return
        refusals = _Refusals()
        if run.attempts >= MOST_ATTEMPTS:
            problem = f"It was begun {run.attempts} times and never came to its end; the workers' log says more."
            _finish(run, refusals, state=ImportState.FAILED, problem=problem)
            discard_contents()
            return
        begun = {"state": ImportState.RUNNING, "started_at": timezone.now(), "attempts": run.attempts + 1}
        ImportRun.objects.filter(pk=run_id).update(**begun)
        try:
            summary = _import(run, refusals)
        except (MappingError, UnreadableFile, StrictFailure) as error:
            _finish(run, refusals, state=ImportState.FAILED, problem=str(error))
        else:
            _finish(run, refusals, state=ImportState.DONE, summary=list(sentences(summary)))
        discard_contents()


def discard_contents() -> None:
    """Delete the files of finished imports; also of those whose worker died before it came to that."""
    for file in ImportFile.objects.filter(run__finished_at__isnull=False).exclude(content=""):  # a file each, not a row
        file.content.delete()


def unfinished_runs() -> list[int]:
    """The imports whose message may be lost, or whose worker died: none that a worker has its hands on."""
    before = timezone.now() - STALE
    stale = ImportRun.objects.unfinished().filter(Q(started_at=None, asked_at__lt=before) | Q(started_at__lt=before))
    return [run_id for run_id in stale.values_list("pk", flat=True) if not _is_locked(run_id)]


def read_bytes(run: ImportRun) -> int:
    """How many bytes of its files an import has read so far."""
    return int(cache.get(_progress_key(run), 0))


def _progress_key(run: ImportRun) -> str:
    return f"import-progress:{run.public_id}"


@contextlib.contextmanager
def _lock(run_id: int) -> Iterator[bool]:
    """Hold an import's lock: it belongs to the connection, so that it is free again when its worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, run_id])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        # A connection that was lost has given the lock back already.
        if is_ours and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, run_id])


def _is_locked(run_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s)",
            [LOCK_SPACE, run_id],
        )
        return bool(cursor.fetchone()[0])


class _Refusals:
    """Counts refusals and keeps the first of them until the import is over: a strict one takes back what it wrote."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Refusal] = []

    def refuse(self, refusal: Refusal) -> None:
        """Take note of a refusal."""
        self.count += 1
        if len(self.kept) < KEPT_REFUSALS:
            self.kept.append(refusal)


def _import(run: ImportRun, refusals: _Refusals) -> Summary:
    with tempfile.TemporaryDirectory() as folder:
        paths = [_named(file, Path(folder)) for file in run.files.all()]
        return import_files(
            mapping=read_mapping(run.mapping_file, run.mapping_text.encode()),
            paths=paths,
            options=Options(
                source=run.source or None,
                strict=run.is_strict,
                dry_run=run.is_trial,
                shift_to_now=run.shifts_to_now,
            ),
            refuse=refusals.refuse,
            report=_Progress(run).report,
            acting_person=run.person,
        )


def _named(file: ImportFile, folder: Path) -> Path:
    """Give a stored file the name it came by, without a copy; each gets a folder, because names may repeat."""
    place = folder / str(file.position)
    place.mkdir()
    path = place / file.name
    path.symlink_to(file.content.path)
    return path


class _Progress:
    """Tells how far an import is, outside the database: a strict one commits nothing until its end."""

    def __init__(self, run: ImportRun) -> None:
        self._key = _progress_key(run)
        self._told_at = 0.0

    def report(self, position: int) -> None:
        """Tell the bytes read, at most twice a second."""
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_SECONDS:
            cache.set(self._key, position, PROGRESS_KEPT_SECONDS)
            self._told_at = now


@transaction.atomic
def _finish(
    run: ImportRun, refusals: _Refusals, *, state: ImportState, problem: str = "", summary: Sequence[str] = ()
) -> None:
    run.refusals.all().delete()
    ImportRefusal.objects.bulk_create(
        [
            ImportRefusal(
                run=run,
                file=refusal.file[-LONGEST_NAME:],
                line=refusal.line,
                field=refusal.field[:LONGEST_NAME],
                value=printable(refusal.value)[:LONGEST_TOLD],
                reason=printable(refusal.reason)[:LONGEST_TOLD],
            )
            for refusal in refusals.kept
        ],
        batch_size=1_000,
    )
    ImportRun.objects.filter(pk=run.pk).update(
        state=state, problem=problem, summary=list(summary), refused=refusals.count, finished_at=timezone.now()
    )


def printable(text: str) -> str:
    """A text without what neither a database nor a page can hold: zeros, and bytes that were no text."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
