"""Worker processes that score ranges at once, each over its own connection, as those of Celery do."""

import datetime
import multiprocessing
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool
from typing import Final

from django.db import connections, transaction

from retention.benchmarks.starting import begin
from retention.models import ModelVersion
from retention.scoring import segments
from retention.scoring.rescoring import rescore_range
from retention.scoring.runs import account_ranges

# As the Procfile starts them: glibc keeps what a range of accounts took for the next one.
MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "134217728"}


@contextmanager
def workers(count: int) -> Iterator[Pool]:
    """Start worker processes on the database of this one; they have connected when the block begins."""
    database = connections["default"].settings_dict["NAME"]
    os.environ.update(MEMORY)
    with multiprocessing.get_context("spawn").Pool(count, begin, [database]) as pool:
        pool.map(_connect, range(count), chunksize=1)
        yield pool
        pool.close()
        pool.join()


def score_all(pool: Pool, as_of: datetime.datetime, version: ModelVersion) -> float:
    """Score every account, a range at a time by whoever is free; return the most memory of one worker, in megabytes."""
    parts = [(first, last, as_of, version.pk) for first, last in account_ranges()]
    return max(pool.imap_unordered(_score, parts), default=0.0)


def keep_all(pool: Pool, as_of: datetime.datetime) -> None:
    """Keep everything in columns as it stands, so that a scoring reads no account from its rows."""
    pool.map(_keep, [(first, last, as_of) for first, last in account_ranges()], chunksize=1)


def _keep(part: tuple[int, int, datetime.datetime]) -> None:
    with transaction.atomic():
        segments.renew(*part)


def _connect(number: int) -> int:
    connections["default"].ensure_connection()
    return number


def _score(part: tuple[int, int, datetime.datetime, int]) -> float:
    first, last, as_of, version_id = part
    version = ModelVersion.objects.get(pk=version_id)
    rescore_range(first=first, last=last, as_of=as_of, version=version)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
