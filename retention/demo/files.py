"""The files of the demo company: tables for the import templates, what people reported and did, and the truth."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retention.demo import calls, ledgers, signals
from retention.demo.company import Company
from retention.demo.deliveries import deliver, order_lines, order_number
from retention.demo.formula import DEPARTMENTS
from retention.demo.plan import Integers
from retention.demo.reactions import Step, work
from retention.demo.tables import Table, write
from retention.demo.troubles import TROUBLES
from retention.demo.truth import truth

# What no system notices, and people tell: of these kinds of trouble, so many are reported, most by account managers.
TOLD_BY_PEOPLE = {
    "made_a_burden": 0.5,
    "treated_as_a_number": 0.7,
    "broken_promise": 0.4,
    "gone_silent": 0.3,
    "promised_and_not_there": 0.3,
    "hard_to_use": 0.2,
    "oversold": 0.4,
}
# Of what is told of a department that owns up, so much is told by one of its own people.
OWNS_UP = {"design_engineering": 0.35, "sales": 0.2, "customer_service": 0.5, "marketing": 0.1}
REPORTS, WORK, TRUTH = "reports.jsonl", "work.jsonl", "truth.json"


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files lie: `tables` by the name of their import template, in the order of loading."""

    tables: Mapping[str, Path]
    reports: Path
    work: Path
    truth: Path


def write_files(company: Company, folder: Path) -> Files:
    """Write everything there is to know of a company into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    reported = told_by_people(company)
    return Files(
        tables={table.name: write(table, folder) for table in _tables(company, reported)},
        reports=_write_lines(folder / REPORTS, _reports(company, reported)),
        work=_write_lines(folder / WORK, _work(company)),
        truth=_write_lines(folder / TRUTH, [truth(company)]),
    )


def told_by_people(company: Company) -> Integers:
    """Return the positions of the troubles that people reported instead of a system."""
    random, events = company.plan.stream("reports"), company.course.events
    chances = np.array([TOLD_BY_PEOPLE.get(trouble.slug, 0.0) for trouble in TROUBLES])
    return np.flatnonzero(random.random(len(events)) < chances[events.trouble])


def _tables(company: Company, reported: Integers) -> Iterable[Table]:
    deliveries = deliver(company)
    left = ledgers.known_leaving(company)
    yield from ledgers.tables(company, left)
    yield order_lines(company, deliveries)
    yield from signals.tables(company, deliveries, reported)
    yield calls.table(company, left)


def _reports(company: Company, reported: Integers) -> Iterable[dict[str, Any]]:
    plan, customers, events = company.plan, company.customers, company.course.events
    itself = _told_itself(company, reported)
    for event, teller in zip(reported.tolist(), itself, strict=True):
        account, order = int(events.account[event]), int(events.order[event])
        trouble, day = TROUBLES[events.trouble[event]], float(events.day[event])
        kind, origin = (
            trouble.slug.replace("_", " ").capitalize(),
            "our own finding" if teller else "told by the customer",
        )
        yield {
            "number": signals.trouble_number(event),
            "account": customers.number(account),
            "reporter": company.staff.people[customers.manager[account]].email,
            "teller": teller,
            "friction_type": trouble.slug,
            "severity": round(float(events.severity[event]), 2),
            "title": f"{kind}, {origin}",
            "happened_at": plan.moment(day).isoformat(),
            "recorded_at": plan.moment(min(day + 0.05, plan.days)).isoformat(),
            "order": order_number(order) if order >= 0 else None,
        }


def _told_itself(company: Company, reported: Integers) -> list[str]:
    """Return, for each report, who of the department itself told it; nobody where the account manager did."""
    random = company.plan.stream("owning up")
    homes = [TROUBLES[trouble].department for trouble in company.course.events.trouble[reported].tolist()]
    tellers = {slug: company.staff.of("department_member", slug)[0].email for slug in OWNS_UP}
    return [tellers[home] if random.random() < OWNS_UP.get(home, 0.0) else "" for home in homes]


def _work(company: Company) -> Iterable[dict[str, Any]]:
    """Return what was done about each trouble, with who did it: the department's head, or a member it went to."""
    random = company.plan.stream("who")
    heads = {slug: company.staff.of("department_head", slug)[0].email for slug in DEPARTMENTS}
    members = {slug: [one.email for one in company.staff.of("department_member", slug)] for slug in DEPARTMENTS}
    for event, steps in enumerate(work(company)):
        told = [_told(company, step, heads, members, random) for step in steps]
        if told:
            yield {"number": signals.trouble_number(event), "steps": told}


def _told(
    company: Company,
    step: Step,
    heads: Mapping[str, str],
    members: Mapping[str, list[str]],
    random: np.random.Generator,
) -> dict[str, Any]:
    at = company.plan.moment(step.day).isoformat()
    told: dict[str, Any] = {"at": at, "verb": step.verb, "department": step.department, "by": heads[step.department]}
    if step.verb == "assigned":
        team = members[step.department]
        return told | {"assignee": team[int(random.integers(len(team)))]}
    if step.verb == "handed_off":
        told |= {"to": step.to, "reason": step.reason, "share": step.share}
    if step.verb == "resolved":
        told |= {"cause": step.cause}
    return told | {"words": step.words}


def _write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return path
