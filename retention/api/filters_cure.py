"""What lists of cures, problems, corrective actions and checks can be narrowed by."""

from django_filters import rest_framework as filters

from departments.models import CorrectiveAction, Decision, EffectivenessCheck, Incident, Problem, Verdict
from retention.api.filters import Filters


class CureFilters(Filters):
    """Filters of cures."""

    problem = filters.UUIDFilter("problem__public_id")
    department = filters.CharFilter("department__slug")

    class Meta(Filters.Meta):
        model = Incident
        fields: tuple[str, ...] = ()


class ProblemFilters(Filters):
    """Filters of problems."""

    department = filters.CharFilter("department__slug")
    is_open = filters.BooleanFilter("closed_at", "isnull")

    class Meta(Filters.Meta):
        model = Problem
        fields: tuple[str, ...] = ()


class ActionFilters(Filters):
    """Filters of corrective actions."""

    incident = filters.UUIDFilter("incident__public_id")
    problem = filters.UUIDFilter("problem__public_id")
    department = filters.CharFilter("department__slug")
    owner = filters.UUIDFilter("owner__public_id")
    is_done = filters.BooleanFilter("done_at", "isnull", exclude=True)

    class Meta(Filters.Meta):
        model = CorrectiveAction
        fields: tuple[str, ...] = ()


class CheckFilters(Filters):
    """Filters of effectiveness checks."""

    action = filters.UUIDFilter("action__public_id")
    department = filters.CharFilter("action__department__slug")
    verdict = filters.ChoiceFilter(choices=Verdict.choices)
    decision = filters.ChoiceFilter(choices=Decision.choices)

    class Meta(Filters.Meta):
        model = EffectivenessCheck
        fields: tuple[str, ...] = ()
