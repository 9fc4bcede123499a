"""Imports on the web: uploaded by administrators, kept for a worker, looked at, refusals handed over."""

import csv
import hashlib
import io
import uuid
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.errors import Invalid, NotAllowed
from accounts.models import Account, AuditEntry
from departments.models import Person, Role
from retention.imports.loading import Options, import_files
from retention.imports.mapping_files import read_mapping
from retention.imports.runs import MOST_ATTEMPTS, ask_for_import, discard_contents, perform, unfinished_runs
from retention.models import ImportRun, ImportState
from retention.tasks import import_uploaded, resume_imports
from tests import make
from tests.retention.imports.test_mappings import GOOD

pytestmark = pytest.mark.django_db
ACCOUNTS = b"external_id,name\nA,Acme\nB,\n=C,=1+1\n"
FORMULA_ERRORS = b'external_id,name,annual_revenue\nA,Acme,=1+1\nB,"<script>x</script>",2\n'


@pytest.fixture(autouse=True)
def _stored_apart(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def administrator() -> Person:
    return make.person(Role.ADMINISTRATOR)


@pytest.fixture
def browser(client: Client, administrator: Person) -> Client:
    client.force_login(administrator)
    return client


def upload(name: str = "accounts.csv", content: bytes = ACCOUNTS) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def asked(browser: Client, **fields: object) -> ImportRun:
    response = browser.post(reverse("imports"), {"uploads": upload(), "mapping": "accounts", **fields})
    run = ImportRun.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("import", args=[run.public_id])
    return run


def page_of(browser: Client, run: ImportRun) -> str:
    return browser.get(reverse("import", args=[run.public_id])).content.decode()


def test_an_upload_is_kept_for_a_worker_and_the_page_waits_for_it(browser: Client, administrator: Person) -> None:
    run = asked(browser)
    assert (run.state, run.person, run.files.get().name) == (ImportState.WAITING, administrator, "accounts.csv")
    page = page_of(browser, run)
    assert "Waiting for a worker" in page
    assert 'hx-trigger="every 1s"' in page
    assert not Account.objects.exists()


def test_a_worker_imports_it_and_the_page_tells_what_it_did(browser: Client, administrator: Person) -> None:
    run = asked(browser)
    perform(run.pk)
    page = page_of(browser, run)
    assert "Accounts: 2 created, 0 updated, 0 unchanged, 0 refused." in page
    assert "1 refused" in page
    assert "is empty" in page
    assert "hx-trigger" not in page.split('id="import"')[1]
    assert AuditEntry.objects.get(verb="records.import").person == administrator


def test_a_message_that_comes_again_changes_nothing(browser: Client) -> None:
    run = asked(browser)
    perform(run.pk)
    finished = ImportRun.objects.get()
    perform(run.pk)
    assert ImportRun.objects.get().finished_at == finished.finished_at
    assert AuditEntry.objects.filter(verb="records.import").count() == 1


def cut_short(run: ImportRun) -> None:
    """Write what the import writes, and leave it as a worker leaves it that dies before saying so."""
    import_files(
        mapping=read_mapping(run.mapping_file, run.mapping_text.encode()),
        paths=[Path(run.files.get().content.path)],
        options=Options(),
        refuse=lambda _refusal: None,
        report=lambda _position: None,
        acting_person=run.person,
    )
    ImportRun.objects.update(state=ImportState.RUNNING, started_at=make.ago(hours=1), attempts=1)


def test_an_import_that_was_cut_short_is_done_again(browser: Client) -> None:
    run = asked(browser)
    cut_short(run)
    assert unfinished_runs() == [run.pk]
    perform(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.DONE
    assert "Accounts: 0 created, 0 updated, 2 unchanged, 0 refused." in run.summary
    assert run.refusals.count() == run.refused == 1


@pytest.mark.parametrize("content", [ACCOUNTS, b"external_id\nA\n"], ids=["done", "failed"])
def test_what_was_uploaded_is_deleted_when_the_import_has_finished(browser: Client, content: bytes) -> None:
    run = asked(browser, uploads=upload(content=content))
    stored = Path(run.files.get().content.path)
    discard_contents()
    assert stored.read_bytes() == content
    assert "The files are deleted when the import has finished." in page_of(browser, run)
    perform(run.pk)
    assert not stored.exists()
    kept = run.files.get()
    digest = hashlib.sha256(content).hexdigest()
    assert (kept.name, kept.size, kept.digest, kept.content.name) == ("accounts.csv", len(content), digest, "")
    page = page_of(browser, run)
    assert "The files were deleted when the import had finished" in page
    assert digest in page


def test_what_a_worker_left_when_it_died_after_the_import_is_deleted_later(browser: Client) -> None:
    run = asked(browser)
    stored = Path(run.files.get().content.path)
    ImportRun.objects.update(state=ImportState.DONE, finished_at=make.ago(hours=1))
    resume_imports()
    assert not stored.exists()
    resume_imports()
    assert run.files.get().content.name == ""


def test_an_import_that_never_ends_is_given_up(browser: Client) -> None:
    run = asked(browser)
    ImportRun.objects.update(attempts=MOST_ATTEMPTS)
    perform(run.pk)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert "never came to its end" in run.problem


def test_a_run_that_is_gone_is_a_quiet_return() -> None:
    perform(404)
    assert not ImportRun.objects.exists()


def test_refusals_are_handed_over_as_csv_without_formulas_and_shown_escaped(browser: Client) -> None:
    browser.post(reverse("imports"), {"uploads": upload(content=FORMULA_ERRORS), "mapping": "accounts"})
    run = ImportRun.objects.get()
    perform(run.pk)
    response = browser.get(reverse("import_errors", args=[run.public_id]))
    content = b"".join(response).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert row == {
        "file": "accounts.csv",
        "line": "2",
        "field": "annual_revenue",
        "value": "'=1+1",
        "reason": "is not an amount of money",
    }
    assert "<script>x" not in page_of(browser, run)


def test_a_trial_writes_nothing(browser: Client) -> None:
    run = asked(browser, dry_run="on")
    perform(run.pk)
    assert "This was a trial: nothing was written." in page_of(browser, run)
    assert not Account.objects.exists()


def test_all_or_nothing_fails_with_the_reasons(browser: Client) -> None:
    run = asked(browser, strict="on")
    perform(run.pk)
    page = page_of(browser, run)
    assert "1 lines or records were refused, so nothing was written" in page
    assert "is empty" in page
    assert not Account.objects.exists()


def test_a_damaged_file_fails_with_a_sentence(browser: Client) -> None:
    run = asked(browser, uploads=upload("accounts.xlsx", b"PK\x03\x04 nothing"))
    perform(run.pk)
    assert "not an XLSX file that can be read" in page_of(browser, run)


def test_bytes_that_are_no_text_are_told(browser: Client) -> None:
    text = "external_id,name\nA,Müller\nC,Österreich\n".encode() + b"B,M\xfcller\n"
    run = asked(browser, uploads=upload(content=text))
    perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.refused) == (ImportState.DONE, 1)
    assert "bytes that are not text" in run.refusals.get().reason


def test_several_files_and_a_mapping_of_ones_own_are_taken(browser: Client) -> None:
    files = [upload("a.csv", b"No,Name,size\n1,Acme,12\n"), upload("b.csv", b"Number,Name,size\n2,Bolt,3\n")]
    own = SimpleUploadedFile("crm.toml", GOOD.encode())
    browser.post(reverse("imports"), {"uploads": files, "own_mapping": own})
    run = ImportRun.objects.get()
    perform(run.pk)
    assert list(Account.objects.values_list("source", "external_id")) == [("crm", "C-1")]
    assert "1 left out: too small" in " ".join(ImportRun.objects.get().summary)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose a mapping, or upload one of your own."),
        ({"own_mapping": SimpleUploadedFile("crm.toml", b"[columns")}, "crm.toml: is not TOML"),
        ({"own_mapping": SimpleUploadedFile("crm.toml", b"\xff\xfe\x00")}, "not a text file in UTF-8"),
        ({"mapping": "nonsense"}, "Select a valid choice"),
        ({"mapping": "accounts", "uploads": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_imported_is_said_at_once(browser: Client, fields: dict[str, object], sentence: str) -> None:
    response = browser.post(reverse("imports"), {"uploads": upload(), **fields})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not ImportRun.objects.exists()


def test_htmx_gets_only_what_moves(browser: Client) -> None:
    run = asked(browser)
    fragment = browser.get(reverse("import", args=[run.public_id]), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="import"')
    assert "<html" not in fragment


def test_past_imports_are_listed(browser: Client) -> None:
    run = asked(browser)
    page = browser.get(reverse("imports")).content.decode()
    assert reverse("import", args=[run.public_id]) in page


# An integration has no pages at all.
@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMINISTRATOR, Role.INTEGRATION}])
def test_nobody_else_imports_or_looks_on(client: Client, administrator: Person, role: Role) -> None:
    person = make.person(role, department=make.department())
    options = Options()
    run = ask_for_import(
        mapping_file="crm.toml", mapping_text=GOOD, files=[upload()], options=options, acting_person=administrator
    )
    client.force_login(person)
    assert client.get(reverse("imports")).status_code == 403
    assert client.post(reverse("imports"), {"uploads": upload(), "mapping": "accounts"}).status_code == 403
    assert client.get(reverse("import", args=[run.public_id])).status_code == 403
    assert client.get(reverse("import_errors", args=[run.public_id])).status_code == 403
    with pytest.raises(NotAllowed):
        ask_for_import(
            mapping_file="crm.toml", mapping_text=GOOD, files=[upload()], options=options, acting_person=person
        )
    assert not ImportRun.objects.visible_to(person).exists()


def test_an_import_that_is_not_there_is_not_found(browser: Client) -> None:
    assert browser.get(reverse("import", args=[uuid.uuid4()])).status_code == 404


def test_a_wrong_mapping_is_refused_by_the_action_too(administrator: Person) -> None:
    with pytest.raises(Invalid, match="is not TOML"):
        ask_for_import(
            mapping_file="x.toml", mapping_text="[", files=[], options=Options(), acting_person=administrator
        )


def test_the_task_is_what_workers_call(browser: Client) -> None:
    run = asked(browser)
    import_uploaded(run.pk)
    assert ImportRun.objects.get().state == ImportState.DONE
