"""A question what if as a sentence."""

import datetime

from django.utils import timezone

from departments.models import Department, FrictionType
from retention.scoring.what_if import Question


def words_of(question: Question) -> str:
    """Say what is thought away; days are the reader's own."""
    where = f" at accounts of {question.segment}" if question.segment else ""
    return f"What if {_which(question)}{where}{_period(question)} had not happened?"


def _which(question: Question) -> str:
    named = Department.objects.filter(slug__in=question.departments).values_list("name", flat=True)
    whose = _listed([f"{name}’s" for name in named]) if question.departments else ""
    if question.incidents:
        count = len(question.incidents)
        of = f" of {count:,} chosen incidents" if count > 1 else " of one chosen incident"
        return f"{whose} part{of}" if whose else of.removeprefix(" of ")
    names = FrictionType.objects.filter(slug__in=question.friction_types).values_list("name", flat=True)
    what = _listed([f"“{name.lower()}”" for name in names]) if question.friction_types else "friction"
    return f"{whose or 'all'} {what}"


def _period(question: Question) -> str:
    since = f" from {_day(question.happened_from)}" if question.happened_from else ""
    if question.happened_until is None:
        return since
    return f"{since} to {_day(question.happened_until - datetime.timedelta(microseconds=1))}"


def _day(moment: datetime.datetime) -> str:
    return f"{timezone.localtime(moment):%d %B %Y}"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
