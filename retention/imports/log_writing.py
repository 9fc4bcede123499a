"""A log of events into the record: case by case, in batches that are whole or not at all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.bulk import copy_rows
from departments.actions.history import PastStep, PastWork, record_past_work
from departments.actions.opening import NewIncident, open_incidents
from departments.actions.past_waits import PastWait
from departments.models import FrictionType, Person, State
from retention.imports.cases import Desk, LogEvent, steps_of, with_resolvers
from retention.imports.log_groups import Groups
from retention.imports.log_rules import CASE_FIELDS, LogRules
from retention.imports.logged_cases import KnownCase, digest_of, ends, known_cases
from retention.imports.sql import execute, fetch, fetch_dicts
from retention.imports.staging import Stage
from retention.imports.writing import RecordCounts
from retention.models import LoggedCase

CASES_IN_A_BATCH = 2_000
NAMED_CASES = 5
REFERENCES = ("account", "friction_type", "person")

Row = dict[str, Any]
Problem = tuple[int, str, str, str]


@dataclass
class LogOutcome:
    """What became of a log: counts by kind, and the cases that it does not bring to their end."""

    counts: dict[str, RecordCounts] = field(
        default_factory=lambda: {kind: RecordCounts() for kind in ("department", "incident", "event")}
    )
    unfinished: int = 0
    named: list[str] = field(default_factory=list)

    def note_end(self, case: str, desk: Desk) -> None:
        """Take note of a case that is still open where the log ends."""
        if not ends(desk):
            self.unfinished += 1
            if len(self.named) < NAMED_CASES:
                self.named.append(case)


@dataclass
class _Case:
    """One case of a batch: its events that are new, the steps that they tell, and the incident it is or becomes."""

    name: str
    desk: Desk
    events: Sequence[LogEvent]
    steps: tuple[PastStep, ...] = ()
    new: NewIncident | None = None
    incident_id: int = 0
    version: int = 1
    logged: LoggedCase | None = None


class LogWriter:
    """Writes the events that one record rule staged."""

    def __init__(self, stage: Stage, acting_person: Person | None) -> None:
        self._stage = stage
        self._acting_person = acting_person
        self._rules = _rules_of(stage)
        self._fields = {rule.name for rule in stage.rule.fields}
        self._outcome = LogOutcome()
        self._problems: list[Problem] = []
        self._now = timezone.now()
        self._holders = dict(FrictionType.objects.values_list("pk", "department"))

    def write(self) -> LogOutcome:
        """Put the events of each case in order, replay them, and return what became of them."""
        self._sort()
        with transaction.atomic():
            self._groups = Groups(self._rules)
            self._groups.make(group for (group,) in self._distinct_groups())
        self._outcome.counts["department"].created = self._groups.created
        ((cases,),) = fetch(f'SELECT coalesce(max(number), 0) FROM "{self._stage.merged}"')
        for first in range(1, cases + 1, CASES_IN_A_BATCH):
            with transaction.atomic():
                self._write(first, first + CASES_IN_A_BATCH - 1)
        return self._outcome

    def _sort(self) -> None:
        references = [f'"to_{name}".id AS "{name}_id"' for name in REFERENCES if name in self._fields]
        execute(
            f'CREATE TEMPORARY TABLE "{self._stage.merged}" AS SELECT {", ".join(["given.*", *references])}, '
            f'dense_rank() OVER (ORDER BY given."case") AS number '
            f'FROM "{self._stage.staged}" AS given {self._stage.joins()}'
        )
        execute(f'CREATE INDEX ON "{self._stage.merged}" (number)')
        execute(f'ANALYZE "{self._stage.merged}"')

    def _distinct_groups(self) -> list[tuple[Any, ...]]:
        if "group" not in self._fields:
            return [(None,)]
        states = list(self._rules.meanings)
        return fetch(f'SELECT DISTINCT "group" FROM "{self._stage.merged}" WHERE state = ANY(%s)', [states])

    def _write(self, first: int, last: int) -> None:
        order = '"order" NULLS FIRST,' if "order" in self._fields else ""
        rows = fetch_dicts(
            f'SELECT * FROM "{self._stage.merged}" WHERE number BETWEEN %s AND %s ORDER BY number, at, {order} place',
            [first, last],
        )
        found = [(name, list(together)) for name, together in groupby(rows, key=itemgetter("case"))]
        known = known_cases(self._stage.source, [name for name, _rows in found])
        cases = [case for name, together in found if (case := self._case(name, together, known.get(name)))]
        self._open([case for case in cases if case.new is not None])
        self._replay(cases)
        self._note_problems()

    def _case(self, name: str, rows: list[Row], known: KnownCase | None) -> _Case | None:
        """Read one case; None where nothing of it is to be written."""
        events = [event for row in rows if (event := self._event(row)) is not None]
        if not events:
            return None
        return self._new_case(name, rows, events) if known is None else self._known_case(name, rows, events, known)

    def _event(self, row: Row) -> LogEvent | None:
        meaning, group = self._rules.meanings.get(row["state"]), row.get("group")
        if meaning is None:
            self._refuse(row["place"], "state", row["state"], "is not among the states that the mapping names")
            return None
        if problem := self._problem_of_event(row):
            self._refuse(row["place"], *problem)
            return None
        order = row.get("order")
        return LogEvent(
            place=row["place"],
            at=row["at"],
            meaning=meaning,
            department_id=self._groups.of(group),
            digest=digest_of(row["at"].timestamp(), None if order is None else int(order), row["state"], group),
            person_id=row.get("person_id"),
            words=row.get("words") or "",
            resolution=row.get("resolution") or "",
            met=row.get("met"),
            wait=self._wait(row),
        )

    def _wait(self, row: Row) -> PastWait | None:
        rule = self._rules.waits.get(row["state"])
        return None if rule is None else self._groups.wait(rule, row.get("supplier"))

    def _problem_of_event(self, row: Row) -> tuple[str, Any, str] | None:
        """Return field, value and reason of what is wrong with an event."""
        group = row.get("group")
        if problem := self._groups.problem(group):
            return "group", group or self._rules.missing, problem
        rule = self._rules.waits.get(row["state"])
        if rule is not None and rule.group is not None and (problem := self._groups.problem(rule.group)):
            return "state", rule.group, problem
        if row["at"] > self._now:
            return "at", f"{row['at']:%Y-%m-%d %H:%M} UTC", "lies ahead"
        if row.get("person") and row["person_id"] is None:
            return "person", row["person"], "there is no such person"
        return None

    def _refuse(self, place: int, name: str, value: Any, reason: str) -> None:
        self._problems.append((place, name, "" if value is None else str(value), reason))

    def _refuse_all(self, events: Sequence[LogEvent], name: str, value: Any, reason: str) -> None:
        for event in events:
            self._refuse(event.place, name, value, reason)

    def _new_case(self, name: str, rows: list[Row], events: list[LogEvent]) -> _Case | None:
        told = _told(rows)
        if problem := self._problem(told):
            self._refuse_all(events, *problem)
            return None
        first = next(with_resolvers(events, State.NEW)).department_id
        opened_at = min(told.get("opened_at") or events[0].at, events[0].at)
        new = NewIncident(
            account_id=told["account_id"],
            friction_type_id=told["friction_type_id"],
            severity=float(told["severity"]),
            title=told["title"],
            description=told.get("description", ""),
            happened_at=opened_at,
            recorded_at=opened_at,
            source=self._stage.source,
            external_id=name,
            shares=None if first is None else {first: 1.0},
        )
        desk = Desk(State.NEW, self._holders[told["friction_type_id"]] if first is None else first)
        self._outcome.counts["incident"].created += 1
        self._outcome.counts["event"].created += len(events)
        return self._replayed(_Case(name, desk, events, new=new))

    def _problem(self, told: Row) -> tuple[str, Any, str] | None:
        """Return field, value and reason of the first thing that is wrong with what the events tell of their case."""
        for name in CASE_FIELDS:
            if told.get(name) is None:
                return name, None, "is empty in every event of its case"
            if name in REFERENCES and told.get(f"{name}_id") is None:
                within = f" from the source {self._stage.source_of(name)}" if name == "account" else ""
                return name, told[name], f"there is no such {name.replace('_', ' ')}{within}"
        if not 0 <= told["severity"] <= 1:
            return "severity", told["severity"], "does not lie between 0 and 1"
        return None

    def _known_case(self, name: str, rows: list[Row], events: list[LogEvent], known: KnownCase) -> _Case | None:
        seen, counts = known.seen(), self._outcome.counts
        fresh = [event for event in events if event.digest not in seen]
        opened_at = _told(rows).get("opened_at")
        if problem := known.problem(fresh, opened_at, known_events=len(events) - len(fresh)):
            self._refuse_all(fresh, "case", name, problem)
            return None
        counts["event"].unchanged += len(events) - len(fresh)
        later = [event for event in fresh if known.logged is not None and event.at >= known.logged.last_at]
        for event in fresh:
            if event not in later:
                self._refuse(event.place, "at", f"{event.at:%Y-%m-%d %H:%M} UTC", _too_late(known))
        if not later:
            counts["incident"].unchanged += 1
            self._outcome.note_end(name, known.desk)
            return None
        counts["incident"].updated += 1
        counts["event"].created += len(later)
        incident = known.incident
        case = _Case(name, known.desk, later, incident_id=incident.pk, version=incident.version, logged=known.logged)
        return self._replayed(case)

    def _replayed(self, case: _Case) -> _Case:
        case.steps = tuple(steps_of(case.desk, case.events, self._rules))
        self._outcome.note_end(case.name, case.desk)
        return case

    def _open(self, cases: list[_Case]) -> None:
        new = [case.new for case in cases if case.new is not None]
        opened = open_incidents(incidents=new, acting_person=self._acting_person).incidents
        for case, one in zip(cases, opened, strict=True):
            case.incident_id = one.incident_id

    def _replay(self, cases: list[_Case]) -> None:
        work = [PastWork(case.incident_id, case.steps, case.version) for case in cases if case.steps]
        if work:
            record_past_work(work=work, acting_person=self._acting_person)
        LoggedCase.objects.bulk_create(
            [_logged(case) for case in cases],
            update_conflicts=True,
            unique_fields=["incident"],
            update_fields=["events", "last_at", "version", "target_met"],
        )

    def _note_problems(self) -> None:
        self._outcome.counts["event"].refused += len(self._problems)
        if self._problems:
            with connection.cursor() as cursor:
                copy_rows(cursor, self._stage.refused, ["place", "field", "value", "reason"], self._problems)
        self._problems = []


def _rules_of(stage: Stage) -> LogRules:
    if stage.rule.log is None:
        raise TypeError("Only events are a log.")
    return stage.rule.log


def _told(rows: list[Row]) -> Row:
    """Return what the events tell of their case: of each field what the first event says that says anything."""
    told: Row = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                told.setdefault(name, value)
    return told


def _too_late(known: KnownCase) -> str:
    last_at: dt.datetime | None = known.logged.last_at if known.logged else None
    return f"comes too late: its case was replayed up to {last_at:%Y-%m-%d %H:%M} UTC"


def _logged(case: _Case) -> LoggedCase:
    before = case.logged
    told = [event.met for event in case.events if event.met is not None]
    return LoggedCase(
        incident_id=case.incident_id,
        events=(bytes(before.events) if before else b"") + b"".join(event.digest for event in case.events),
        last_at=case.events[-1].at,
        version=case.version + len(case.steps),
        target_met=told[-1] if told else (before.target_met if before else None),
    )
