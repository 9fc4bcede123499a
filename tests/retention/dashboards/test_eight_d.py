"""The 8D report: recorded facts in the order D0 to D8, gaps named as such."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from departments.actions import checks, cure
from departments.models import CorrectiveAction, EffectivenessCheck, Incident, State
from retention.dashboards.eight_d import report_of
from retention.dashboards.eight_d_pdf import file_name
from tests import make

pytestmark = pytest.mark.django_db
CODES = [f"D{number}" for number in range(9)]


def test_what_is_not_recorded_is_named_as_such(client: Client) -> None:
    incident = make.incident()
    client.force_login(make.head(incident.department))
    report = report_of(incident, make.head(incident.department))
    assert [one.code for one in report.disciplines] == CODES
    assert [one.code for one in report.disciplines if not one.entries] == ["D1", "D3", "D4", "D5", "D6", "D7", "D8"]
    assert client.get(f"/incidents/{incident.public_id}/8d").content.decode().count("Not recorded.") == 7


def test_what_is_recorded_stands_where_it_belongs(client: Client) -> None:
    incident = make.incident(state=State.IN_WORK)
    head = make.head(incident.department)
    cure.contain(subject=incident, words="Sent by express.", done_at=None, acting_person=head)
    cure.find_cause(subject=incident, whys=["Late.", "No scan."], cause=None, escape="", acting_person=head)
    action = cure.plan_action(
        subject=incident,
        words="Scan at the gate.",
        kind="corrective",
        owner=head,
        due_on=timezone.localdate() + datetime.timedelta(days=3),
        check_after_days=None,
        acting_person=head,
    )
    cure.finish_action(action=action, words="Scanners hang there.", acting_person=head)
    CorrectiveAction.objects.filter(pk=action.pk).update(done_at=make.ago(days=70))
    checks.open_due_checks(timezone.now())
    check = EffectivenessCheck.objects.get()
    checks.confirm_check(check=check, words="Enough.", thanks="The gate's crew.", acting_person=head)
    report = report_of(Incident.objects.select_related("problem").get(pk=incident.pk), head)
    told = {one.code: " ".join(f"{entry.label} {entry.text}" for entry in one.entries) for one in report.disciplines}
    wanted = {
        "D1": head.name,
        "D3": "Sent by express.",
        "D4": "Why 2 No scan.",
        "D5": "Scan at the gate.",
        "D6": "Scanners hang there.",
        "D8": "The gate's crew.",
    }
    assert all(text in told[code] for code, text in wanted.items())
    assert "Escape point not recorded" in told["D4"]
    assert "Too few to tell" in told["D6"]
    client.force_login(head)
    pdf = client.get(f"/incidents/{incident.public_id}/8d/pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")


def test_the_pdf_is_named_in_words_that_any_system_takes(client: Client) -> None:
    incident = make.incident(make.account("Müller & Söhne GmbH"), title='Late shipment, "6" days/x')
    day = timezone.localdate(incident.happened_at)
    name = f"8D-late-shipment-6-daysx-muller-sohne-gmbh-{day}-{incident.public_id.hex[:6]}.pdf"
    assert file_name(incident) == name
    client.force_login(make.head(incident.department))
    answer = client.get(f"/incidents/{incident.public_id}/8d/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="{name}"'
    nameless = make.incident(make.account("株式会社"), title="遅延")
    assert file_name(nameless).startswith(f"8D-report-{timezone.localdate(nameless.happened_at)}-")
    assert len(file_name(make.incident(title="x" * 200))) < 100
