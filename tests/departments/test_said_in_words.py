"""What is said of a share that a department offers to take: nothing changes hands, or goes back, against its sense."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.actions.handoffs import counter_offer
from departments.models import HandOff, State
from tests import make
from tests.departments.test_disputes import ask, reported

pytestmark = pytest.mark.django_db


def offered() -> HandOff:
    """Billing was asked to take the whole and offers to take a fifth."""
    billing = make.department("billing")
    asked = ask(reported(), billing)
    return counter_offer(hand_off=asked, share=0.2, words="The label alone.", acting_person=make.head(billing))


@pytest.mark.parametrize(
    ("route", "told", "recorded"),
    [
        ("hand_off_accept", "Billing takes 20% of Shipping’s part, as offered.", "agreed to what was offered"),
        ("hand_off_return", "What Billing offered is refused: Shipping’s part stays", "refused what was offered"),
    ],
)
def test_an_offer_is_agreed_to_or_refused_in_its_own_words(
    client: Client, route: str, told: str, recorded: str
) -> None:
    offer = offered()
    client.force_login(make.head(offer.to_department))
    page = client.post(reverse(route, args=[offer.public_id]), {"words": "It was more."}, follow=True)
    assert told in page.content.decode()
    assert recorded in page.content.decode()


def test_what_only_the_deed_finds_wrong_is_said_at_its_field_and_nothing_written_is_lost(client: Client) -> None:
    incident = make.incident(state=State.IN_WORK)
    client.force_login(make.head(incident.department))
    asked = {"waited_for": "customer", "department": make.department("billing").slug, "reason": "answer"}
    body = {**asked, "words": "They send the drawing.", "expected_on": f"{timezone.localdate() + timedelta(days=9)}"}
    answer = client.post(reverse("incident_wait", args=[incident.public_id]), body)
    page = answer.content.decode()
    assert (answer.status_code, incident.waits.count()) == (422, 0)
    assert "A department is named only where one is waited for." in page
    assert "They send the drawing." in page
    assert 'id="wait_department_error"' in page
