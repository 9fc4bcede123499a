"""An uploaded import whose worker is killed in the middle: no order is half written, and another worker finishes it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash.system import System, kill_group, wait_until

pytestmark = pytest.mark.crash

HEADING = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
CUSTOMERS, ORDERS, LINES = 200, 15_000, 3
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
ORDERS_WITHOUT_ALL_LINES = f"""
SELECT count(*) FROM accounts_order
WHERE (SELECT count(*) FROM accounts_orderline WHERE order_id = accounts_order.id) <> {LINES}
"""
WRITTEN = """
SELECT account.external_id, kept.external_id, kept.ordered_at, kept.amount, line.position, line.sku, line.quantity
FROM accounts_orderline AS line
JOIN accounts_order AS kept ON kept.id = line.order_id
JOIN accounts_account AS account ON account.id = kept.account_id
ORDER BY kept.external_id, line.position
"""
UPLOAD = """
from pathlib import Path
from django.core.files.base import File
from departments.models import Person
from retention.imports.loading import Options
from retention.imports.mapping import shipped_mappings
from retention.imports.runs import ask_for_import
from retention.tasks import import_uploaded
person, _ = Person.objects.get_or_create(
    email="importer@example.com", defaults={{"name": "Importer", "role": "administrator"}}
)
path = Path({path!r})
with path.open("rb") as content:
    run = ask_for_import(
        mapping_file="online_retail_ii.toml",
        mapping_text=shipped_mappings()["online_retail_ii"].read_text(),
        files=[File(content, name=path.name)],
        options=Options(),
        acting_person=person,
    )
import_uploaded.delay(run.pk)
"""


@pytest.fixture
def invoices(tmp_path: Path) -> Path:
    path = tmp_path / "invoices.csv"
    with path.open("w") as file:
        file.write(HEADING)
        for order in range(ORDERS):
            day = f"2010-{order % 12 + 1:02}-{order % 28 + 1:02} 09:{order % 60:02}:00"
            for line in range(LINES):
                file.write(
                    f"{order},{10_000 + line},thing,{line + 1},{day},{order % 97 + 1}.25,{order % CUSTOMERS},UK\n"
                )
    return path


@contextmanager
def stopped_while_writing_lines(system: System) -> Iterator[None]:
    """Hold the lines' table, so that an import stands still in the middle of writing its orders."""
    with system.held("LOCK TABLE accounts_orderline IN EXCLUSIVE MODE"):
        yield


def is_stopped(system: System) -> bool:
    return system.number(BLOCKED) > 0


def state(system: System) -> str:
    [(found,)] = system.rows("SELECT state FROM retention_importrun ORDER BY id DESC LIMIT 1")
    return str(found)


def written(system: System) -> str:
    return hashlib.sha256(repr(system.rows(WRITTEN)).encode()).hexdigest()


def test_a_worker_killed_during_an_import_loses_nothing(
    system: System, invoices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_ROOT", str(tmp_path / "media"))
    with system.worker() as worker:
        with stopped_while_writing_lines(system):
            system.python(UPLOAD.format(path=str(invoices)))
            wait_until(lambda: is_stopped(system), "the worker to stand in the middle of writing")
            kill_group(worker)
        wait_until(lambda: not is_stopped(system), "the database to notice that its client is gone")
    assert state(system) == "running"
    assert system.number(ORDERS_WITHOUT_ALL_LINES) == 0

    system.sql("UPDATE retention_importrun SET started_at = now() - interval '5 minutes'")
    with system.worker():
        system.send("retention.resume_imports")
        wait_until(lambda: state(system) == "done", "another worker to do the import again")
    assert system.number("SELECT count(*) FROM accounts_order") == ORDERS
    assert system.number(ORDERS_WITHOUT_ALL_LINES) == 0
    whole = written(system)
    system.sql("TRUNCATE accounts_account CASCADE")
    undisturbed = system.manage("import_records", "online_retail_ii", str(invoices))
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert written(system) == whole
