"""Stored points read back by the terms of the model that wrote them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from departments.models import Department
from retention.models import ModelVersion, Score
from retention.scoring.engine import Evidence, TermKind
from retention.templatetags.holdfast import Segment

LEAST_POINTS = 0.005
OTHER_KINDS = (TermKind.CARE, TermKind.SYMPTOM)


@dataclass(frozen=True)
class Part:
    """What one department's friction adds to an account's risk; points are a share of 1."""

    department: Department
    points: float


@dataclass(frozen=True)
class Reader:
    """Knows the departments, and of each model in use what stands at which place of a score's points."""

    departments: Mapping[str, Department]
    models: Mapping[int, ModelVersion]
    places: Mapping[int, Mapping[str, int]]

    @classmethod
    def of(cls, scores: Iterable[Score], departments: Mapping[str, Department], known: ModelVersion | None) -> Self:
        """Return a reader for these scores: one query, however many they are; none where all are by a known model."""
        models = {known.pk: known} if known else {}
        others = {score.model_id for score in scores} - models.keys()
        models |= ModelVersion.objects.in_bulk(others) if others else {}
        return cls(departments, models, {key: friction_places(model) for key, model in models.items()})

    def parts(self, score: Score) -> list[Part]:
        """Return what each charged department's friction adds, heaviest first."""
        charged = ((slug, score.points[place]) for slug, place in self.places[score.model_id].items())
        parts = [Part(self.departments[slug], points) for slug, points in charged if points >= LEAST_POINTS]
        return sorted(parts, key=lambda part: -part.points)

    def segments(self, score: Score, parts: Sequence[Part]) -> list[Segment]:
        """Return whose friction the risk is, as shares of the whole bar."""
        whole = max(score.risk, sum(part.points for part in parts))
        return [Segment(part.department.name, part.department.colour, part.points / whole) for part in parts]

    def heaviest_other_term(self, score: Score) -> str:
        """Return the label of what adds most besides friction; empty where nothing adds a point."""
        others = [
            (term["label"], points)
            for term, points in zip(self.models[score.model_id].terms, score.points, strict=True)
            if term["kind"] in OTHER_KINDS
        ]
        label, points = max([*others, ("Order rhythm, without any friction", score.baseline)], key=lambda one: one[1])
        return label if points >= 2 * LEAST_POINTS else ""


def friction_places(model: ModelVersion) -> dict[str, int]:
    """Return, by slug of department, the place of its points; departments that nobody may charge are left out."""
    evidence = model.weights["evidence"]
    return {
        term["department"]: place
        for place, term in enumerate(model.terms)
        if term["kind"] == TermKind.FRICTION and evidence[place] != Evidence.NO_EVIDENCE
    }
