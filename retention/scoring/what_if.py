"""What if a set of incidents had not been, over many accounts: rescored in chunks by numpy, not scaled, not looped."""

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from django.db.models import Case, Count, F, FloatField, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Extract, Greatest, Power

from accounts.models import Account
from departments.models import Incident, Person, Responsibility
from departments.models.person import WORKS_IN_DEPARTMENT
from retention.scoring.bands import Band, band_numbers
from retention.scoring.engine import Floats, ScoringModel
from retention.scoring.features import DAY, Scope, build_inputs, read_facts
from retention.scoring.ledger import without_loads
from retention.scoring.versions import ensure_active_version, scoring_model

ACCOUNTS_A_CHUNK: Final = 20_000
# Above this the answer would take longer than somebody waits for a page: workers find it.
MOST_ACCOUNTS: Final = 20_000
BANDS: Final = tuple(Band)


class TooManyAccounts(Exception):  # noqa: N818 - it reads as what it says
    """The question touches more accounts than are rescored at once; `str()` is a sentence for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which friction is thought away: what fits everything that is given; nothing given is no narrowing.

    `departments` are slugs: of an incident that several share, only the parts of these. `incidents` are public ids.
    """

    departments: tuple[str, ...] = ()
    friction_types: tuple[str, ...] = ()
    happened_from: datetime.datetime | None = None
    happened_until: datetime.datetime | None = None
    segment: str = ""
    incidents: tuple[uuid.UUID, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the question as it is kept: words and lists alone, in one order."""
        return {
            "departments": sorted(self.departments),
            "friction_types": sorted(self.friction_types),
            "happened_from": _written(self.happened_from),
            "happened_until": _written(self.happened_until),
            "segment": self.segment,
            "incidents": sorted(map(str, self.incidents)),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the question that was kept."""
        return cls(
            departments=tuple(kept["departments"]),
            friction_types=tuple(kept["friction_types"]),
            happened_from=_read(kept["happened_from"]),
            happened_until=_read(kept["happened_until"]),
            segment=kept["segment"],
            incidents=tuple(map(uuid.UUID, kept["incidents"])),
        )


def _written(moment: datetime.datetime | None) -> str:
    return moment.astimezone(datetime.UTC).isoformat() if moment else ""


def _read(text: str) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The risks of the n accounts that it touches, as they are and without that friction; model-based, not causal.

    All arrays have shape (n,); money is in the organisation's currency a year.
    """

    as_of: datetime.datetime
    incidents: int
    account_ids: npt.NDArray[np.int64]
    before: Floats
    after: Floats
    annual_revenue: Floats

    @property
    def money_kept(self) -> Floats:
        """Return by how much each account's revenue at risk would be smaller."""
        return (self.before - self.after) * self.annual_revenue

    @property
    def total_kept(self) -> float:
        """Return the money kept over all accounts."""
        return float(self.money_kept.sum())

    @property
    def at_risk_before(self) -> float:
        """Return the revenue at risk of these accounts as it is."""
        return float((self.before * self.annual_revenue).sum())

    @property
    def at_risk_after(self) -> float:
        """Return what it would be."""
        return float((self.after * self.annual_revenue).sum())

    def crossings(self) -> list[tuple[Band, Band, int]]:
        """Return how many accounts would stand in another band, by the band they are in and would be in."""
        pairs = np.stack([band_numbers(self.before), band_numbers(self.after)], axis=1)
        moved = pairs[pairs[:, 0] != pairs[:, 1]]
        found, counts = np.unique(moved, axis=0, return_counts=True)
        crossed = [(BANDS[one], BANDS[other], int(n)) for (one, other), n in zip(found, counts, strict=True)]
        return sorted(crossed, key=lambda one: (-BANDS.index(one[0]), -BANDS.index(one[1])))

    def heaviest(self, most: int) -> npt.NDArray[np.intp]:
        """Return the places of the accounts where most money would be kept, the most first."""
        return np.argsort(-self.money_kept, kind="stable")[:most]


def what_if(question: Question, *, person: Person, as_of: datetime.datetime) -> Answer:
    """Rescore the accounts that the person sees as if the friction in question that they see had not been.

    Raises TooManyAccounts. The number of statements depends on that of chunks, not of accounts or incidents.
    """
    parts = parts_in_question(question, person, as_of)
    if _touch_too_many(parts):
        raise TooManyAccounts(
            f"This touches more than {MOST_ACCOUNTS:,} accounts, too many to wait for: have workers find the answer, "
            "which is kept, or narrow it by segment, department, type or period."
        )
    return rescored_without(parts, scoring_model(ensure_active_version()), as_of)


def _touch_too_many(parts: "QuerySet[Responsibility, Responsibility]") -> bool:
    """Return whether the parts are of more accounts than one waits for.

    A few of them, as they are come across, mostly tell: only where they do not are the others read.
    """
    most = MOST_ACCOUNTS + MOST_ACCOUNTS // 2 + 1
    few = parts[:most].aggregate(parts=Count("pk"), accounts=Count("account_id", distinct=True))
    if few["accounts"] > MOST_ACCOUNTS or few["parts"] < most:
        return bool(few["accounts"] > MOST_ACCOUNTS)
    return parts.values("account_id").distinct()[: MOST_ACCOUNTS + 1].count() > MOST_ACCOUNTS


def rescored_without(
    parts: "QuerySet[Responsibility, Responsibility]", model: ScoringModel, as_of: datetime.datetime
) -> Answer:
    """Rescore the accounts of some parts of incidents as if these had not been."""
    loads = _removed(parts, as_of)
    account_ids = np.unique(loads[:, 0]).astype(np.int64)
    chunks = [_rescored(chunk, loads, model, as_of) for chunk in _chunks(account_ids)]
    rescored = np.concatenate([np.zeros((0, 4)), *chunks])
    return Answer(
        as_of,
        parts.aggregate(count=Count("incident", distinct=True))["count"],
        rescored[:, 0].astype(np.int64),
        rescored[:, 1],
        rescored[:, 2],
        rescored[:, 3],
    )


def parts_in_question(
    question: Question, person: Person, as_of: datetime.datetime
) -> "QuerySet[Responsibility, Responsibility]":
    """Return the parts of incidents that the person sees, at staying accounts that the person sees, and that fit."""
    fitting: dict[str, Any] = {
        "department__slug__in": question.departments,
        "friction_type__slug__in": question.friction_types,
        "happened_at__gte": question.happened_from,
        "happened_at__lt": question.happened_until,
        "account__segment": question.segment,
        "incident__public_id__in": question.incidents,
    }
    narrowed = Responsibility.objects.order_by().filter(
        share__gt=0,
        happened_at__lte=as_of,
        recorded_at__lte=as_of,
        account__left_on=None,
        **{key: one for key, one in fitting.items() if one},
    )
    if person.visible_account_ids() is None or _asks_for_its_own(question, person):
        return narrowed
    return narrowed.filter(
        account__in=Account.objects.visible_to(person).order_by().values("pk"),
        incident__in=Incident.objects.visible_to(person).order_by().values("pk"),
    )


def _asks_for_its_own(question: Question, person: Person) -> bool:
    """Return whether only parts that the person's own department answers for are asked about: it sees all of these."""
    if person.department is None or person.role not in WORKS_IN_DEPARTMENT:
        return False
    return question.departments == (person.department.slug,)


def _removed(parts: "QuerySet[Responsibility, Responsibility]", as_of: datetime.datetime) -> Floats:
    """Return account, department and the load that goes, one row per pair. Shape (p, 3)."""
    rows = parts.values_list("account_id", "department_id").annotate(load=Sum(_load(as_of)))
    return np.array(list(rows), dtype=np.float64).reshape(-1, 3)


def _load(as_of: datetime.datetime) -> Combinable:
    """Share × severity × weight × decay, as scoring weighs a part."""
    weight = F("share") * F("severity") * F("friction_type__weight")
    since = Extract(Value(as_of) - F("resolved_at"), "epoch", output_field=FloatField())
    # An exponent beyond this is nothing, and PostgreSQL raises on an underflow.
    halvings = Greatest(-since / Value(DAY) / F("friction_type__half_life_days"), Value(-1000.0))
    decay = Power(Value(2.0), halvings, output_field=FloatField())
    faded = When(resolved_at__lte=as_of, then=decay)
    return weight * Case(faded, default=Value(1.0), output_field=FloatField())


def _chunks(account_ids: npt.NDArray[np.int64]) -> Iterator[Sequence[int]]:
    for start in range(0, len(account_ids), ACCOUNTS_A_CHUNK):
        yield account_ids[start : start + ACCOUNTS_A_CHUNK].tolist()


def _rescored(chunk: Sequence[int], loads: Floats, model: ScoringModel, as_of: datetime.datetime) -> Floats:
    """Return account, risk, risk without, and annual revenue of the accounts that have not left. Shape (n, 4)."""
    facts = read_facts(Scope.of_ids(chunk), as_of, model.window_days)
    removed = np.zeros_like(facts.loads)
    ours = loads[np.isin(loads[:, 0], facts.account_ids)]
    rows = np.searchsorted(facts.account_ids, ours[:, 0])
    removed[rows, np.searchsorted(facts.department_ids, ours[:, 1])] = ours[:, 2]
    found = without_loads(build_inputs(facts, model), model.weights, removed)
    sound = np.isfinite(found.before) & np.isfinite(facts.annual_revenue)
    return np.column_stack([facts.account_ids, found.before, found.after, facts.annual_revenue])[sound]
