"""The demo's departments dispute what they have in work, and some of it is settled."""

import pytest

from departments.actions.incidents import accept, report_friction
from departments.models import Dispute, HandOff, Incident, Role, Ruling, State
from departments.records import breaches
from retention.demo.disputes import STORIES, dispute_some
from tests import make

pytestmark = pytest.mark.django_db


def busy_company() -> None:
    """A head in every department that tells a story, with something in work for each."""
    sides = [side for story in STORIES for side in (story.department, story.giver) if side]
    heads = {slug: make.head(make.department(slug)) for slug in sorted(set(sides))}
    for slug in (story.giver or story.department for story in STORIES):
        account = make.account()
        incident = report_friction(
            account=account,
            friction_type=make.friction_type(f"trouble_of_{slug}", department=make.department(slug)),
            severity=0.5,
            title="Late again",
            description="",
            happened_at=make.ago(days=3),
            order=None,
            acting_person=make.manager_of(account),
        )
        accept(incident=incident, acting_person=heads[slug])


def test_every_outcome_is_to_be_seen() -> None:
    busy_company()
    make.person(Role.EXECUTIVE)
    assert dispute_some() == len(STORIES)
    assert set(Dispute.objects.values_list("end", flat=True)) == {"", "taken", "withdrawn", "ruled"}
    assert Dispute.objects.open().exclude(upheld_at=None).count() == 1
    assert sorted(Ruling.objects.values_list("state", flat=True)) == ["open", "ruled"]
    assert HandOff.objects.pending().get().share == 0.5
    assert Incident.objects.filter(state=State.DISPUTED).exists()
    assert breaches() == []


def test_where_nobody_works_nothing_is_disputed() -> None:
    assert dispute_some() == 0
