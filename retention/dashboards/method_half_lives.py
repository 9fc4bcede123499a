"""Method: how long friction weighs, by the catalogue and by the company's own history."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.prepared import Prepared
from departments.models import Department
from retention.models import ModelVersion
from retention.scoring.half_lives import HalfLife, Verdict
from retention.scoring.learning import days_of, half_lives


@dataclass(frozen=True, slots=True)
class TypeDays:
    """The half-life of one friction type, in days, when the model was fitted, and what history makes of it."""

    name: str
    fitted_with: float
    likeliest: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class HalfLifeRow:
    """What history says of one department's half-lives, in words and for each of its types."""

    department: Department
    found: HalfLife
    types: tuple[TypeDays, ...]

    @property
    def words(self) -> str:
        return self.found.verdict.value

    @property
    def is_supported(self) -> bool:
        return self.found.verdict is Verdict.SUPPORTED


def half_life_rows(version: ModelVersion) -> Iterator[HalfLifeRow]:
    """Return a row for each department of whose half-lives the version's fit says anything."""
    fitted_with = (version.learned or {}).get("half_life_days", {})
    told = {found.department: found for found in half_lives(version) if found.verdict is not Verdict.SILENT}
    for department in Department.objects.filter(slug__in=told).prefetch_related("friction_types"):
        found = told[department.slug]
        types = [
            _type_days(kind.name, fitted_with[kind.slug], found)
            for kind in department.friction_types.all()
            if kind.slug in fitted_with
        ]
        yield HalfLifeRow(department, found, tuple(types))


def _type_days(name: str, days: float, found: HalfLife) -> TypeDays:
    low, high = (end and days_of(days, end) for end in (found.low, found.high))
    return TypeDays(name, days, days_of(days, found.factor), low, high)


def newest_fitted(version: ModelVersion | None) -> ModelVersion | None:
    """Return the version itself if it was fitted, else the newest candidate that was."""
    if version is None or version.learned:
        return version
    return next(iter(_FITTED()), None)


_FITTED = Prepared(lambda: ModelVersion.objects.exclude(learned=None).order_by("-number")[:1])
