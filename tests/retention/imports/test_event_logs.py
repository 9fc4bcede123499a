"""Another system's log of events: replayed as if people here had done it, once, and on from where it ended."""

import csv
import datetime as dt
import lzma
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from departments.actions.incidents import accept
from departments.charging import clocks_of
from departments.clocks import calendars, organisation_calendar
from departments.models import Answer, Department, HandOff, Incident, Role, State, Wait
from departments.records import breaches
from retention.dashboards.path_figures import Part, figures, made_of
from retention.dashboards.paths import on_path, paths
from retention.imports.errors import MappingError, Refusal
from retention.imports.loading import Options, Summary, import_files
from retention.imports.mapping_files import find_mapping, read_mapping
from retention.imports.telling import sentences
from retention.models import LoggedCase
from tests import make
from tests.real_data import incident_event_log

pytestmark = pytest.mark.django_db

# Another company's words for all of it: semicolons, its own columns, activities, teams, and Berlin's time.
MAPPING = """
source = "helpdesk"
timezone = "Europe/Berlin"
[columns]
ticket = "Ticket No"
when = { heading = "Changed", type = "datetime", formats = ["%d.%m.%Y %H:%M"], required = true }
did = { heading = "Activity", required = true }
team = "Team"
client = "Client"
ok = { heading = "In time", type = "boolean", true = ["ja"], false = ["nein"] }
[[records]]
kind = "account"
[records.fields]
external_id = "client"
name = "client"
[[records]]
kind = "event"
[records.fields]
case = "ticket"
at = "when"
state = "did"
group = "team"
account = "client"
met = "ok"
friction_type = { constant = "portal_down" }
severity = { constant = "0.5" }
title = { template = "Ticket {ticket}" }
[records.states]
"erfasst" = "new"
"begonnen" = "in_work"
"weitergeleitet" = "unchanged"
"erledigt" = "resolved"
[records.groups]
unknown = "refuse"
[records.groups.names]
"Versand" = "shipping"
"Rechnung" = "billing"
"Recht" = "legal"
"""
HEADINGS = "Ticket No;Changed;Activity;Team;Client;In time\n"
# Scattered and out of order, as the ticket is only put together by its number and times.
LINES = [
    "T1;02.05.2024 12:00;erledigt;Rechnung;Acme;ja\n",
    "T1;01.05.2024 09:00;erfasst;Versand;Acme;ja\n",
    "T2;01.05.2024 10:00;erfasst;Versand;Böhm;ja\n",
    "T1;01.05.2024 10:00;begonnen;Versand;Acme;ja\n",
    "T2;01.05.2024 11:00;weitergeleitet;Recht;Böhm;ja\n",
    "T1;01.05.2024 11:30;weitergeleitet;Rechnung;Acme;ja\n",
    "T2;01.05.2024 15:00;weitergeleitet;Versand;Böhm;nein\n",
    "T1;01.05.2024 14:00;begonnen;Rechnung;Acme;ja\n",
]
LATER = [
    "T2;02.05.2024 09:00;begonnen;Versand;Böhm;nein\n",
    "T2;03.05.2024 09:00;erledigt;Versand;Böhm;nein\n",
    "T1;06.05.2024 09:00;begonnen;Rechnung;Acme;nein\n",
    "T1;07.05.2024 09:00;erledigt;Rechnung;Acme;nein\n",
]


class Importer:
    """Imports lines of a log and keeps what was refused."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log.csv"
        self.refused: list[Refusal] = []

    def __call__(self, lines: list[str], mapping: str = MAPPING, **options: Any) -> Summary:
        self._path.write_text(HEADINGS + "".join(lines))
        self.refused = []
        return import_files(
            mapping=read_mapping("helpdesk.toml", mapping.encode()),
            paths=[self._path],
            options=Options(**options),
            refuse=self.refused.append,
            report=lambda _position: None,
            acting_person=None,
        )


@pytest.fixture
def run(tmp_path: Path) -> Importer:
    for slug in ("shipping", "billing", "legal"):
        make.department(slug)
    return Importer(tmp_path)


def counts(summary: Summary, kind: str) -> tuple[int, int, int, int]:
    found = summary.records[kind]
    return found.created, found.updated, found.unchanged, found.refused


def ticket(name: str) -> Incident:
    return Incident.objects.get(source="helpdesk", external_id=name)


def waiting(wait: str) -> str:
    return MAPPING.replace("[records.groups]", f'"wartet" = {{ {wait} }}\n[records.groups]')


def record(incident: Incident) -> list[tuple[str, str]]:
    return [(event.verb, f"{event.at.astimezone(dt.UTC):%d %H:%M}") for event in incident.events.all()]


def test_states_and_hand_offs_are_replayed_at_their_own_times(run: Importer) -> None:
    summary = run(LINES)
    assert (counts(summary, "incident"), counts(summary, "event")) == ((2, 0, 0, 0), (8, 0, 0, 0))
    done = ticket("T1")
    # An hour and two behind Berlin's summer.
    assert record(done) == [
        ("reported", "01 07:00"),
        ("accepted", "01 08:00"),
        ("handed_off", "01 09:30"),
        ("hand_off_accepted", "01 12:00"),
        ("resolved", "02 10:00"),
    ]
    assert (done.state, done.department.slug, done.title) == (State.RESOLVED, "billing", "Ticket T1")
    assert set(done.responsibilities.values_list("department__slug", "share")) == {("shipping", 0.0), ("billing", 1.0)}
    assert breaches() == []


def test_what_goes_back_untouched_was_returned(run: Importer) -> None:
    run(LINES)
    back = ticket("T2")
    assert [verb for verb, _ in record(back)] == ["reported", "handed_off", "returned"]
    assert (back.state, back.department.slug) == (State.DISPUTED, "shipping")
    asked = HandOff.objects.get(incident=back)
    assert (asked.answer, asked.to_department.slug) == (Answer.RETURNED, "legal")


WAITING = [
    "T8;01.05.2024 09:00;erfasst;Versand;Acme;ja\n",
    "T8;01.05.2024 10:00;wartet;Versand;Acme;ja\n",
    "T8;01.05.2024 11:00;wartet;Versand;Acme;ja\n",
    "T8;02.05.2024 10:00;begonnen;Versand;Acme;ja\n",
    "T8;02.05.2024 12:00;wartet;Versand;Acme;ja\n",
    "T8;02.05.2024 13:00;wartet;Recht;Acme;ja\n",
    "T8;02.05.2024 14:00;wartet;Recht;Acme;ja\n",
    "T8;03.05.2024 09:00;erledigt;Recht;Acme;ja\n",
]
FOR_THE_CUSTOMER = waiting('waits_for = "customer", reason = "answer"')


def test_states_that_wait_are_replayed_as_waits_of_whoever_holds_the_case(run: Importer) -> None:
    run(WAITING, FOR_THE_CUSTOMER)
    done = ticket("T8")
    assert record(done) == [
        ("reported", "01 07:00"),
        ("accepted", "01 08:00"),
        ("waited", "01 08:00"),
        ("wait_ended", "02 08:00"),
        ("waited", "02 10:00"),
        ("wait_ended", "02 11:00"),
        ("handed_off", "02 11:00"),
        ("hand_off_accepted", "02 12:00"),
        ("waited", "02 12:00"),
        ("wait_ended", "03 07:00"),
        ("resolved", "03 07:00"),
    ]
    told = [(one.waiting_department.slug, one.whom, one.words, one.end) for one in done.waits.all()]
    assert told == [
        ("shipping", "the customer", "wartet", "answered"),
        ("shipping", "the customer", "wartet", "not_needed"),
        ("legal", "the customer", "wartet", "not_needed"),
    ]
    assert breaches() == []


def test_a_wait_of_the_log_is_charged_to_the_customer_and_moves_the_deadline(run: Importer) -> None:
    run(WAITING[:4], FOR_THE_CUSTOMER)
    run([line.replace("wartet", "begonnen") for line in WAITING[:4]], FOR_THE_CUSTOMER, source="at-work")
    waited, worked = ticket("T8"), Incident.objects.get(source="at-work")
    # From ten to ten, of which eight hours are worked.
    office = organisation_calendar()
    assert office.working_hours_between(worked.resolve_due_at, waited.resolve_due_at) == pytest.approx(8)
    departments = {one.slug: one for one in Department.objects.all()}
    moment = waited.recorded_at + dt.timedelta(days=1, hours=2)
    clocks = clocks_of(
        waited, waited.events.all(), [], departments, calendars(), moment, list(waited.waits.order_by("started_at"))
    )
    assert [whom for whom, _hours in clocks.elsewhere] == ["the customer"]
    assert clocks.elsewhere[0][1] == pytest.approx(8)


@pytest.mark.parametrize(
    ("wait", "whom"),
    [
        ('waits_for = "supplier", name = "The carrier", reason = "goods", words = "Parts are ordered."', "The carrier"),
        ('waits_for = "other", name = "The customs", reason = "documents"', "The customs"),
        ('waits_for = "department", department = "Rechnung", reason = "work"', "Billing"),
    ],
)
def test_the_mapping_says_who_is_waited_for(run: Importer, wait: str, whom: str) -> None:
    run(WAITING[:2], waiting(wait))
    one = ticket("T8").waits.get()
    assert (one.whom, one.is_open, ticket("T8").state) == (whom, True, State.WAITING)
    assert breaches() == []


def test_no_department_of_a_log_waits_for_itself(run: Importer) -> None:
    run(WAITING, waiting('waits_for = "department", department = "Versand", reason = "work"'))
    assert [one.waiting_department.slug for one in ticket("T8").waits.all()] == ["legal"]
    assert breaches() == []


def test_a_supplier_goes_by_the_name_that_the_log_tells(run: Importer) -> None:
    mapping = waiting('waits_for = "supplier", name = "A supplier", reason = "goods"')
    run(WAITING[:2], mapping.replace('met = "ok"', 'met = "ok"\nsupplier = "client"'))
    assert ticket("T8").waits.get().whom == "Acme"


def test_in_parts_its_waits_become_what_they_are_in_one_piece(run: Importer) -> None:
    run(WAITING, FOR_THE_CUSTOMER, source="whole")
    for end in range(1, len(WAITING) + 1):
        run(WAITING[:end], FOR_THE_CUSTOMER)
        assert breaches() == []
    parts, whole = ticket("T8"), Incident.objects.get(source="whole")
    assert (record(parts), parts.resolve_due_at) == (record(whole), whole.resolve_due_at)
    kept = ("waited_for", "started_at", "ended_at", "end", "expected_on", "hours_left", "due_at_then")
    assert list(parts.waits.values(*kept)) == list(whole.waits.values(*kept))


def test_a_case_without_an_end_is_named_and_loaded_as_far_as_it_is_known(run: Importer) -> None:
    told = list(sentences(run(LINES)))
    assert "1 case does not come to an end in the log; loaded as far as it is known: T2." in told


def test_importing_twice_changes_nothing_and_says_so(run: Importer) -> None:
    run(LINES)
    before = [(one.version, record(one)) for one in (ticket("T1"), ticket("T2"))]
    summary = run(LINES)
    assert (counts(summary, "incident"), counts(summary, "event")) == ((0, 0, 2, 0), (0, 0, 8, 0))
    assert [(one.version, record(one)) for one in (ticket("T1"), ticket("T2"))] == before


@pytest.mark.parametrize("repeated", [LINES, []], ids=["with what is known", "alone"])
def test_a_longer_log_continues_the_cases(run: Importer, repeated: list[str]) -> None:
    run(LINES)
    summary = run([*repeated, *LATER])
    assert (counts(summary, "incident"), run.refused) == ((0, 2, 0, 0), [])
    again, back = ticket("T1"), ticket("T2")
    assert [verb for verb, _ in record(again)][-3:] == ["resolved", "reopened", "resolved"]
    assert (again.reopened, again.state) == (1, State.RESOLVED)
    assert [verb for verb, _ in record(back)][-3:] == ["returned", "accepted", "resolved"]
    assert summary.unfinished == 0
    assert breaches() == []


def test_in_parts_it_becomes_what_it_is_in_one_piece(run: Importer) -> None:
    whole = sorted([*LINES, *LATER], key=lambda line: (line[9:13], line[6:8], line[3:5], line[14:19]))
    run(whole, source="whole")
    for end in range(1, len(whole) + 1):
        run(whole[:end])
    for name in ("T1", "T2"):
        assert record(ticket(name)) == record(Incident.objects.get(source="whole", external_id=name))
        assert ticket(name).resolve_due_at == Incident.objects.get(source="whole", external_id=name).resolve_due_at
    assert breaches() == []


def test_a_hand_off_that_was_open_at_the_cut_is_answered_by_what_follows(run: Importer) -> None:
    run(LINES[:6])
    assert ticket("T2").state == State.WAITING
    run(LINES)
    assert HandOff.objects.get(incident=ticket("T2")).answer == Answer.RETURNED


def test_what_cannot_be_read_is_refused_with_line_value_and_reason(run: Importer) -> None:
    bad = [
        "T3;01.05.2024 09:00;erfasst;Versand;Acme;ja\n",
        "T3;01.05.2024 10:00;geparkt;Versand;Acme;ja\n",
        "T3;01.05.2024 11:00;begonnen;Kantine;Acme;ja\n",
        "T3;31.02.2024 11:00;begonnen;Versand;Acme;ja\n",
        "T3;01.05.2199 11:00;begonnen;Versand;Acme;ja\n",
        "T4;01.05.2024 09:00;erfasst;Versand;;ja\n",
    ]
    summary = run(bad)
    reasons = {(one.line, one.field, one.value): one.reason for one in run.refused}
    assert reasons[3, "Activity", "geparkt"] == "is not among the states that the mapping names"
    assert reasons[4, "Team", "Kantine"].startswith("is no department here: name it under [records.groups.names]")
    assert reasons[6, "Changed", "2199-05-01 09:00 UTC"] == "lies ahead"
    assert {line for line, _, _ in reasons} == {3, 4, 5, 6, 7}
    assert (counts(summary, "incident"), record(ticket("T3"))) == ((1, 0, 0, 0), [("reported", "01 07:00")])


def test_groups_become_departments_only_where_the_mapping_says_so(run: Importer) -> None:
    run(["T5;01.05.2024 09:00;erfasst;Kantine Süd;Acme;ja\n"])
    assert not Incident.objects.filter(external_id="T5").exists()
    summary = run(
        ["T5;01.05.2024 09:00;erfasst;Kantine Süd;Acme;ja\n"],
        MAPPING.replace('unknown = "refuse"', 'unknown = "create"'),
    )
    assert counts(summary, "department") == (1, 0, 0, 0)
    assert ticket("T5").department == Department.objects.get(slug="kantine-sud", name="Kantine Süd")


def test_an_event_without_a_group_leaves_the_case_where_it_lies_or_with_whom_the_mapping_names(run: Importer) -> None:
    lines = ["T6;01.05.2024 09:00;erfasst;Recht;Acme;ja\n", "T6;01.05.2024 10:00;begonnen;;Acme;ja\n"]
    run(lines)
    assert ticket("T6").department.slug == "legal"
    run(
        lines, MAPPING.replace("[records.groups.names]", 'missing = "shipping"\n[records.groups.names]'), source="other"
    )
    asked = HandOff.objects.get(incident__source="other")
    assert (asked.to_department.slug, asked.answer) == ("shipping", Answer.PENDING)


def test_what_was_worked_on_here_since_is_not_taken_back(run: Importer) -> None:
    run(LINES)
    back = ticket("T2")
    accept(incident=back, acting_person=make.head(back.department))
    summary = run([*LINES, *LATER[:2]])
    assert {one.reason for one in run.refused} == {
        "belongs to a case that was worked on here since its log was last read; no file takes that back"
    }
    assert counts(summary, "event") == (0, 0, 8 - 3, 2)
    assert ticket("T2").state == State.IN_WORK


def test_what_comes_too_late_is_refused(run: Importer) -> None:
    run(LINES)
    run(["T1;01.05.2024 12:00;weitergeleitet;Recht;Acme;ja\n"])
    assert [one.reason for one in run.refused] == ["comes too late: its case was replayed up to 2024-05-02 10:00 UTC"]


def test_whoever_is_named_once_it_is_resolved_resolved_it(run: Importer) -> None:
    run(
        [
            "T7;01.05.2024 09:00;erfasst;Versand;Acme;ja\n",
            "T7;01.05.2024 10:00;erledigt;Versand;Acme;ja\n",
            "T7;05.05.2024 10:00;erledigt;Recht;Acme;ja\n",
        ]
    )
    assert [verb for verb, _ in record(ticket("T7"))] == ["reported", "handed_off", "hand_off_accepted", "resolved"]
    assert ticket("T7").reopened == 0


def test_the_import_is_in_the_audit(run: Importer) -> None:
    run(LINES)
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"incident.open", "incident.bring_past_work", "records.import"} <= verbs


def test_a_trial_writes_nothing(run: Importer) -> None:
    assert counts(run(LINES, dry_run=True), "incident") == (2, 0, 0, 0)
    assert not LoggedCase.objects.exists()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"erfasst" = "new"', '"erfasst" = "fresh"', "[records 2.states] erfasst: must be one of new, in_work"),
        ('unknown = "refuse"', 'unknown = "guess"', "[records 2.groups] unknown: must be 'refuse' or 'create'"),
        ('unknown = "refuse"', 'reason = "because"', "[records 2.groups] reason: must be one of caused_elsewhere"),
        ('account = "client"\n', "", "[records 2.fields] account: is missing"),
        ('"begonnen" = "in_work"', '"begonnen" = "waiting"', "or a table that says whom it waits for, not 'waiting'"),
        (
            '"begonnen" = "in_work"',
            '"begonnen" = { waits_for = "god", reason = "work" }',
            "[records 2.states.begonnen] waits_for: must be one of customer, supplier, department, other",
        ),
        (
            '"begonnen" = "in_work"',
            '"begonnen" = { waits_for = "supplier", reason = "work" }',
            "[records 2.states.begonnen] name: is missing",
        ),
        (
            '"begonnen" = "in_work"',
            '"begonnen" = { waits_for = "customer", reason = "work", name = "Ann" }',
            "name: means nothing where 'customer' is waited for",
        ),
        (
            '"begonnen" = "in_work"',
            '"begonnen" = { waits_for = "customer", reason = "work", days = 366 }',
            "days: must be at most 365",
        ),
    ],
)
def test_a_wrong_mapping_is_told_by_table_and_key(before: str, after: str, sentence: str) -> None:
    with pytest.raises(MappingError) as told:
        read_mapping("helpdesk.toml", MAPPING.replace(before, after).encode())
    assert sentence in str(told.value)


def test_met_targets_are_counted_by_hand_offs_and_lead_to_their_incidents(run: Importer) -> None:
    run([*LINES, *LATER])
    own = make.incident(
        shares={make.department("shipping"): 1.0},
        title="ours",
        state=State.RESOLVED,
        resolved_at=make.ago(days=1),
        resolve_due_at=timezone.now(),
    )
    found = paths(None, timezone.now())
    assert [(row.moves, row.incidents, row.met) for row in found.rows] == [(0, 1, 1), (1, 1, 0), (2, 1, 0)]
    assert (found.told, found.own) == (2, 1)
    assert list(on_path(None, timezone.now(), 0, met=True)) == [own]
    assert list(on_path(None, timezone.now(), 2, met=False)) == [ticket("T2")]
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    assert "Ticket T2" in client.get(reverse("triage_paths"), {"moves": "2"}).content.decode()
    page = client.get(reverse("triage")).content.decode()
    assert "Met the target by number of hand-offs" in page
    assert client.get(reverse("triage_paths"), {"moves": "9"}).status_code == 400


def test_the_figures_of_everything_on_record_lead_to_their_incidents(run: Importer) -> None:
    run([*LINES, *LATER])
    found = figures(None, timezone.now())
    # T1 lay for an hour and for two and a half; T2 for 23, asked for and returned, until somebody took it.
    assert (found.accepted, found.returned, found.reopened) == (2, 1, 1)
    assert [(pair.one, pair.other, pair.incidents) for pair in found.pairs] == [("shipping", "legal", 1)]
    assert [(one.external_id, round(hours)) for one, hours in found.unheld] == [("T2", 23), ("T1", 2)]
    assert [one.external_id for one in made_of(Part.REOPENED, None)] == ["T1"]
    assert [one.external_id for one in made_of(Part.RETURNED, None, "legal", "shipping")] == ["T2"]
    assert not made_of(Part.RETURNED, None, "legal", "billing").exists()
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("triage_figures")).content.decode()
    assert "Shipping and Legal" in page
    assert "Ticket T2" in client.get(reverse("triage_figures"), {"part": "returned"}).content.decode()
    assert client.get(reverse("triage_figures"), {"part": "all"}).status_code == 400


def test_the_incident_log_tells_its_known_shares_and_its_beginning_is_replayed_as_it_says(tmp_path: Path) -> None:
    with lzma.open(incident_event_log(), "rt", encoding="utf-8", newline="") as packed:
        lines = list(packed)
    log = {row["number"]: row for row in csv.DictReader(lines)}
    assert (len(lines) - 1, len(log)) == (119_998, 20_769)
    assert met_by_moves(log) == [76, 55, 38, 30, 18]
    beginning = tmp_path / "log.csv"
    beginning.write_text("".join(lines[: 12_000 + 1]))
    refused: list[Refusal] = []
    summary = import_files(
        mapping=find_mapping("incident_event_log"),
        paths=[beginning],
        options=Options(),
        refuse=refused.append,
        report=lambda _position: None,
        acting_person=None,
    )
    told = {row["number"]: row for row in csv.DictReader(lines[: 12_000 + 1])}
    assert (counts(summary, "incident"), counts(summary, "event")) == ((len(told), 0, 0, 0), (12_000, 0, 0, 0))
    assert (breaches(), refused) == ([], [])
    found = paths(None, timezone.now())
    assert [round(100 * row.share) for row in found.rows] == pytest.approx(met_by_moves(told), abs=1)
    states = {row["incident_state"] for row in csv.DictReader(lines[: 12_000 + 1])}
    awaited = {state for state in states if state.startswith("Awaiting")}
    assert set(Wait.objects.values_list("words", flat=True)) == awaited
    assert Incident.objects.filter(reopened__gt=0).count() == sum(row["reopen_count"] > "0" for row in told.values())


def met_by_moves(log: dict[str, dict[str, str]]) -> list[int]:
    """Return the per cent of incidents that met the target, by the log's own counter of reassignments."""
    met: dict[int, list[bool]] = {moves: [] for moves in range(5)}
    for row in log.values():
        met[min(int(row["reassignment_count"]), 4)].append(row["made_sla"] == "true")
    return [round(100 * sum(each) / len(each)) for each in met.values()]
