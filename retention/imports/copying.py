"""Rows on their way into the staging tables, while the next lines are read: the database works meanwhile."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from django.db import connection

from retention.imports.makers import Maker
from retention.imports.staging import Stage


class Copying:
    """Copies what makers made, one batch at a time, on the import's connection, which nobody else uses meanwhile."""

    def __init__(self) -> None:
        self.stage_of: dict[Maker, Stage] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import-copy")
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        # Django's own cursors belong to one thread; those of the driver may be handed on.
        self._cursor = connection.connection.cursor()
        return self

    def __exit__(self, *_error: object) -> None:
        self._worker.shutdown()
        self._cursor.close()

    def copy(self, maker: Maker) -> None:
        """Take a maker's rows away and begin to copy them; memory holds no more than two batches."""
        self.finish()
        rows, lines = maker.rows, maker.line_rows
        maker.rows, maker.line_rows = [], []
        self._under_way = self._worker.submit(self.stage_of[maker].copy, self._cursor, rows, lines)

    def finish(self) -> None:
        """Wait until all is copied; raises what the database raised."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            with connection.wrap_database_errors:
                under_way.result()
