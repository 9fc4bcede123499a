"""The demo company into the database: the way that anybody's data goes, by imports and actions."""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password

from accounts.models import Account, Order, Organisation
from departments.actions.history import PastStep, PastWork, Verb, record_past_work
from departments.actions.incidents import NewIncident, open_incidents
from departments.detection import Detection, batches
from departments.models import CauseCode, Department, FrictionType, Incident, Person, Role
from retention.demo.files import Files
from retention.demo.reactions import CAUSES
from retention.demo.words import COMPANY, DOMAIN
from retention.imports.errors import Refusal
from retention.imports.loading import Options, import_files
from retention.imports.mapping_files import find_mapping

Tell = Callable[[str], None]

SOURCE = "larkfield"
PASSWORD = "welcome-to-larkfield"  # noqa: S105 (a demo's, printed for all to see)
INCIDENTS_A_CALL = 4_000
SIGNALS_A_BATCH = 20_000


class DemoRefused(Exception):  # noqa: N818 - named for what happened
    """The company's own files were refused by the imports, which they never should be."""


def configure() -> None:
    """Name the company, and give its departments their causes."""
    Organisation.objects.update_or_create(pk=1, defaults={"name": COMPANY, "currency": "GBP"})
    departments = {department.slug: department for department in Department.objects.all()}
    CauseCode.objects.bulk_create(
        (CauseCode(department=departments[slug], name=name) for slug, names in CAUSES.items() for name in names),
        ignore_conflicts=True,
    )


def load_tables(files: Files, tell: Tell) -> None:
    """Import every table by its shipped template, people first, whose password is set then."""
    for name, path in files.tables.items():
        created = _import(name, path)
        tell(f"{name.replace('_', ' ')}: {created:,} records")
        if name == "people":
            _let_people_in()


def _import(name: str, path: Path) -> int:
    refused: list[Refusal] = []
    summary = import_files(
        mapping=find_mapping(name),
        paths=[path],
        options=Options(source=SOURCE),
        refuse=refused.append,
        report=_without_report,
        acting_person=administrator_if_any(),
    )
    if refused:
        raise DemoRefused(f"{path.name}: {len(refused)} refused, the first: {refused[0]}")
    return sum(counts.created for counts in summary.records.values())


def _without_report(_position: int) -> None:
    """Tell nothing of the bytes read: the files are small."""


def _let_people_in() -> None:
    """Give everybody the demo's password: hashed once, since hashing is slow on purpose."""
    Person.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(PASSWORD))


def administrator_if_any() -> Person | None:
    """Return the company's administrator, None before people are there."""
    return Person.objects.filter(role=Role.ADMINISTRATOR, email__endswith=f"@{DOMAIN}").first()


def administrator() -> Person:
    """Return the company's administrator, who brings everything in."""
    return Person.objects.get(role=Role.ADMINISTRATOR, email__endswith=f"@{DOMAIN}")


def load_reports(files: Files) -> int:
    """Let account managers report what customers told them; return how many reports."""
    return _report([(report["reporter"], report) for report in _lines(files.reports) if not report["teller"]])


def load_findings(files: Files) -> int:
    """Let departments report what they found themselves, at accounts they know by now; return how many."""
    told = [report for report in _lines(files.reports) if report["teller"]]
    tellers = Person.objects.filter(email__in={report["teller"] for report in told})
    known = {
        teller.email: set(Account.objects.visible_to(teller).values_list("external_id", flat=True))
        for teller in tellers
    }
    return _report(
        [
            (report["teller"] if report["account"] in known[report["teller"]] else report["reporter"], report)
            for report in told
        ]
    )


def _report(told: Sequence[tuple[str, dict[str, Any]]]) -> int:
    """Open what was told, each by its person."""
    people = {person.email: person for person in Person.objects.filter(email__in={email for email, _ in told})}
    accounts = dict(Account.objects.filter(source=SOURCE).values_list("external_id", "pk"))
    types = dict(FrictionType.objects.values_list("slug", "pk"))
    reports: dict[str, list[NewIncident]] = {}
    orders = _orders(report["order"] for _, report in told if report["order"])
    for email, report in told:
        new = NewIncident(
            account_id=accounts[report["account"]],
            friction_type_id=types[report["friction_type"]],
            severity=report["severity"],
            title=report["title"],
            happened_at=_moment(report["happened_at"]),
            recorded_at=_moment(report["recorded_at"]),
            order_id=orders.get(report["order"]),
            source=SOURCE,
            external_id=report["number"],
        )
        reports.setdefault(email, []).append(new)
    opened = [open_incidents(incidents=new, acting_person=people[email]) for email, new in reports.items()]
    return sum(result.opened for result in opened)


def _orders(numbers: Iterable[str]) -> dict[str, int]:
    orders = Order.objects.filter(source=SOURCE, external_id__in=list(numbers))
    return dict(orders.values_list("external_id", "pk"))


def detect(tell: Tell) -> None:
    """Let detection look at every signal."""
    total = Detection()
    for batch in batches(SIGNALS_A_BATCH):
        total += batch
    tell(f"{total.signals:,} signals looked at, {total.opened:,} incidents opened")


def load_work(files: Files) -> int:
    """Bring along what the departments did about each incident in the past; return the number of steps."""
    keys = _Keys()
    incidents = _incidents_by_number()
    work: list[PastWork] = []
    for told in _lines(files.work):
        steps = tuple(keys.step(step) for step in told["steps"])
        work += [PastWork(incident_id, steps) for incident_id in incidents.get(told["number"], [])]
    chunks = (work[start : start + INCIDENTS_A_CALL] for start in range(0, len(work), INCIDENTS_A_CALL))
    return sum(record_past_work(work=chunk, acting_person=administrator()) for chunk in chunks)


def _incidents_by_number() -> dict[str, list[int]]:
    """Return the incidents that each trouble opened, by the number of its signal or report."""
    found: dict[str, list[int]] = {}
    rows = Incident.objects.filter(account__source=SOURCE).values_list("pk", "external_id", "signal__external_id")
    for incident_id, own, signal in rows:
        found.setdefault(signal or own, []).append(incident_id)
    return found


class _Keys:
    """Database keys of what the files name."""

    def __init__(self) -> None:
        self.people = dict(Person.objects.values_list("email", "pk"))
        self.departments = dict(Department.objects.values_list("slug", "pk"))
        causes = CauseCode.objects.values_list("department__slug", "name", "pk")
        self.causes = {(slug, name): pk for slug, name, pk in causes}

    def step(self, told: dict[str, Any]) -> PastStep:
        return PastStep(
            at=_moment(told["at"]),
            verb=Verb(told["verb"]),
            person_id=self.people[told["by"]],
            words=told.get("words", ""),
            assignee_id=self.people[told["assignee"]] if "assignee" in told else None,
            to_id=self.departments[told["to"]] if "to" in told else None,
            reason=told.get("reason", ""),
            share=told.get("share", 1.0),
            cause_id=self.causes[told["department"], told["cause"]] if "cause" in told else None,
        )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
