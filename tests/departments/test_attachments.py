"""Files of incidents: what is taken, under which name, who sees them, and what stays when one is removed."""

import io
import unicodedata
import zipfile
from collections.abc import Iterable

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AuditEntry
from departments.actions.attaching import MOST_OF_AN_INCIDENT, attach, remove_attachment
from departments.attachments.kinds import kind_of
from departments.attachments.names import UNSEEN, clean_name
from departments.models import Attachment, AttachmentContent, FileKind, Incident, IncidentEvent, Person, Role
from departments.models.attachment import LONGEST_NAME
from retention.celery import app
from retention.tasks import empty_removed_files
from tests import make

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20) + b"\xff\xd9"
WEBP = b"RIFF\x0c\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"
PAGE = b"<!doctype html><script>alert(document.cookie)</script>"


def archive(names: Iterable[str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as parts:
        for name in names:
            parts.writestr(name, "<x/>")
    return held.getvalue()


XLSX = archive(["[Content_Types].xml", "xl/workbook.xml"])
DOCX = archive(["[Content_Types].xml", "word/document.xml"])
MACROS = archive(["[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"])


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("label.pdf", PDF, FileKind.PDF),
        ("photo.PNG", PNG, FileKind.PNG),
        ("photo.jpg", JPEG, FileKind.JPEG),
        ("photo.jpeg", JPEG, FileKind.JPEG),
        ("photo.webp", WEBP, FileKind.WEBP),
        ("mail.txt", "Größe: 5 €\r\n".encode(), FileKind.TEXT),
        ("list.csv", "a;b\nGr\xf6\xdfe;1\n".encode("latin-1"), FileKind.CSV),
        ("list.xlsx", XLSX, FileKind.XLSX),
        ("letter.docx", DOCX, FileKind.DOCX),
    ],
)
def test_a_file_is_what_it_holds(name: str, data: bytes, kind: FileKind) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.html", PAGE),
        ("picture.svg", b"<svg onload='alert(1)'/>"),
        ("picture.png", PAGE),
        ("picture.png", PDF),
        ("picture.jpg", PNG),
        ("picture.webp", WEBP + PAGE),
        ("label.pdf", PAGE + PDF),
        ("label.pdf", b"%PDF-1.7 cut off"),
        ("list.csv", XLSX),
        ("list.txt", b"MZ\x90\x00\x03"),
        ("list.xlsx", archive(["anything.txt"])),
        ("list.xlsx", DOCX),
        ("list.xlsx", MACROS),
        ("list.xlsx", b"PK\x03\x04 and nothing more"),
        ("letter.docm", DOCX),
        ("program.exe", b"MZ"),
        ("empty.txt", b""),
        ("none", PDF),
    ],
)
def test_what_is_something_else_than_it_says_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(Invalid):
        kind_of(name, data)


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<x/>")
        parts.writestr("xl/workbook.xml", bytes(201 * 1024 * 1024))
    with pytest.raises(Invalid):
        kind_of("bomb.xlsx", held.getvalue())


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ann\\label.pdf", "label.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "abSet-Cookie_ x.pdf"),
        ('"><script>.pdf', "___script_.pdf"),
        ("   .pdf", "pdf"),
        ("...", "file"),
        ("", "file"),
    ],
)
def test_a_name_is_kept_without_what_misleads(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_can_be_kept(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= LONGEST_NAME
    assert not set(kept) & set('/\\"<>\r\n')
    assert clean_name(kept) == kept
    assert not {unicodedata.category(character) for character in kept} & UNSEEN


def put(incident: Incident, person: Person, *, is_internal: bool = False, **changes: str) -> Attachment:
    file = SimpleUploadedFile(changes.get("name", "label.pdf"), PDF)
    words = changes.get("words", "")
    return attach(incident=incident, file=file, words=words, is_internal=is_internal, acting_person=person)


@pytest.mark.django_db
def test_a_file_comes_with_its_note_and_leaves_its_step() -> None:
    incident = make.incident()
    member = make.member(incident.department)
    file = put(incident, member, words="The label.")
    assert file.note is not None
    assert (file.note.text, file.kind, file.size) == ("The label.", FileKind.PDF, len(PDF))
    step = IncidentEvent.objects.get(incident=incident, verb="attached")
    assert (step.words, step.person) == ("label.pdf", member)


@pytest.mark.django_db
def test_an_internal_file_stays_in_its_department_and_out_of_the_history() -> None:
    incident, billing = make.incident(), make.department("billing")
    make.hand_off(incident, billing)
    file = put(incident, make.member(incident.department), is_internal=True, name="secret plan.pdf")
    assert Attachment.objects.visible_to(make.member(incident.department)).get() == file
    for outsider in (make.member(billing), make.person(Role.EXECUTIVE)):
        assert not Attachment.objects.visible_to(outsider).exists()
    assert "secret" not in str([*IncidentEvent.objects.values(), *AuditEntry.objects.values()])


@pytest.mark.django_db
def test_who_has_no_department_keeps_nothing_internal() -> None:
    incident = make.incident()
    manager = make.manager_of(incident.account)
    with pytest.raises(Invalid):
        put(incident, manager, is_internal=True)
    assert not put(incident, manager).is_internal


@pytest.mark.django_db
def test_outsiders_and_onlookers_put_nothing_there() -> None:
    incident = make.incident()
    for person in (make.member(make.department("legal")), make.person(), make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            put(incident, person)


@pytest.mark.django_db
def test_size_and_number_are_limited(settings: Settings) -> None:
    settings.ATTACHMENT_MEGABYTES = 1
    incident = make.incident()
    member = make.member(incident.department)
    big = SimpleUploadedFile("big.txt", b"a" * (1024 * 1024 + 1))
    with pytest.raises(Invalid):
        attach(incident=incident, file=big, words="", is_internal=False, acting_person=member)
    for _ in range(MOST_OF_AN_INCIDENT):
        put(incident, member)
    with pytest.raises(Conflict):
        put(incident, member)


@pytest.mark.django_db
def test_a_removed_file_leaves_a_trace() -> None:
    incident = make.incident()
    member, head = make.member(incident.department), make.head(incident.department)
    file = put(incident, member)
    for person in (make.manager_of(incident.account), make.member(incident.department)):
        with pytest.raises(NotAllowed):
            remove_attachment(attachment=file, words="No.", acting_person=person)
    with pytest.raises(Invalid):
        remove_attachment(attachment=file, words=" ", acting_person=head)
    remove_attachment(attachment=file, words="Another customer's.", acting_person=head)
    assert not Attachment.objects.kept().exists()
    assert (file.removed_by, file.removal_words, len(file.digest)) == (head, "Another customer's.", 64)
    assert IncidentEvent.objects.get(incident=incident, verb="attachment_removed").words == "label.pdf"
    with pytest.raises(Conflict):
        remove_attachment(attachment=file, words="Again.", acting_person=head)


@pytest.mark.django_db
def test_what_a_removed_file_held_is_gone_once_the_removal_cannot_be_taken_back(client: Client) -> None:
    incident = make.incident()
    head = make.head(incident.department)
    kept, file = put(incident, head), put(incident, head)
    remove_attachment(attachment=file, words="Another customer's.", acting_person=head)
    client.force_login(head)
    assert client.get(reverse("attachment", args=[file.public_id])).status_code == 404
    empty_removed_files()
    assert AttachmentContent.objects.filter(attachment=file).exists()
    Attachment.objects.filter(pk=file.pk).update(removed_at=make.ago(seconds=16))
    empty_removed_files()
    assert AttachmentContent.objects.get().attachment == kept
    emptied = Attachment.objects.get(pk=file.pk)
    assert emptied.emptied_at is not None
    empty_removed_files()
    assert Attachment.objects.get(pk=file.pk).emptied_at == emptied.emptied_at
    assert "what it held is gone" in client.get(reverse("incident", args=[incident.public_id])).content.decode()


@pytest.mark.django_db
def test_a_sweep_that_is_cut_off_leaves_everything_to_the_next() -> None:
    incident = make.incident()
    head = make.head(incident.department)
    file = put(incident, head)
    remove_attachment(attachment=file, words="Another customer's.", acting_person=head)
    Attachment.objects.update(removed_at=make.ago(hours=1))
    with transaction.atomic():
        empty_removed_files()
        transaction.set_rollback(True)
    assert AttachmentContent.objects.filter(attachment=file).exists()
    empty_removed_files()
    assert not AttachmentContent.objects.exists()


@pytest.mark.django_db
def test_the_sweep_runs_by_the_clock() -> None:
    due = [one for one in app.conf.beat_schedule.values() if one["task"] == "retention.empty_removed_files"]
    assert [one["schedule"] for one in due] == [5.0]


@pytest.mark.django_db
def test_a_file_is_handed_out_to_be_saved_and_never_shown(client: Client) -> None:
    incident = make.incident()
    member = make.member(incident.department)
    client.force_login(member)
    address = reverse("incident_attach", args=[incident.public_id])
    sent = SimpleUploadedFile("Größe \u202e.txt", PAGE, content_type="text/html")
    assert client.post(address, {"file": sent, "words": ""}).status_code == 303
    file = Attachment.objects.get()
    answer = client.get(reverse("attachment", args=[file.public_id]))
    assert answer.content == PAGE
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    page = client.get(reverse("incident", args=[incident.public_id]))
    assert "<script>alert(document.cookie)" not in page.content.decode()
    client.force_login(make.member(make.department("legal")))
    assert client.get(reverse("attachment", args=[file.public_id])).status_code == 404


@pytest.mark.django_db
def test_a_wrong_file_is_named_in_a_sentence(client: Client) -> None:
    incident = make.incident()
    client.force_login(make.member(incident.department))
    address = reverse("incident_attach", args=[incident.public_id])
    answer = client.post(address, {"file": SimpleUploadedFile("x.png", PAGE)}, follow=True)
    assert "is called PNG picture, but does not hold one" in answer.content.decode()
    assert not Attachment.objects.exists()


@pytest.mark.django_db
def test_files_go_both_ways_over_the_api(client: Client) -> None:
    incident = make.incident()
    client.force_login(make.member(incident.department))
    address = f"/api/v1/incidents/{incident.public_id}/attachments"
    answer = client.post(address, {"file": SimpleUploadedFile("label.pdf", PDF), "words": "Look."})
    assert answer.status_code == 200, answer.content
    (file,) = answer.json()["attachments"]
    saved = client.get(f"/api/v1/attachments/{file['id']}/content")
    assert (saved.content, saved["Content-Type"]) == (PDF, "application/octet-stream")
    assert client.post(address, {"file": SimpleUploadedFile("x.png", PAGE)}).status_code == 400
    removed = client.post(
        f"/api/v1/attachments/{file['id']}/remove", {"words": "Wrong one."}, content_type="application/json"
    )
    assert removed.json()["removal_words"] == "Wrong one."
    assert client.get(f"/api/v1/attachments/{file['id']}/content").status_code == 404


@pytest.mark.django_db
def test_a_file_that_was_just_put_there_is_taken_back_with_its_note_and_leaves_its_trace(client: Client) -> None:
    incident = make.incident()
    head = make.head(incident.department)
    client.force_login(head)
    file = SimpleUploadedFile("label.txt", b"To: Northgate")
    sent = {"file": file, "words": "The label.", "next": "/"}
    answer = client.post(reverse("incident_attach", args=[incident.public_id]), sent)
    batch = next(message.extra_tags for message in get_messages(answer.wsgi_request)).removeprefix("undo:")
    client.post(reverse("undo", args=[batch]))
    attachment = Attachment.objects.get()
    assert (attachment.is_removed, attachment.removed_by, attachment.name) == (True, head, "label.txt")
    assert not AttachmentContent.objects.exists()
    assert incident.notes.get().taken_back_at is not None
    assert {"note_taken_back", "attachment_removed"} <= set(incident.events.values_list("verb", flat=True))
    audited = AuditEntry.objects.get(verb="deed.undone")
    assert audited.details["tables"] == {}
