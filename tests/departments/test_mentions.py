"""Being addressed in a note: who is told, who is not and why, and what happens to a note that is taken back."""

import itertools

import pytest
from django.test import Client
from django.urls import reverse

from departments.actions.incidents import note
from departments.actions.mentions import mentioned_in, told_of, who_see
from departments.models import Department, Incident, Mention, Note, Person, Role
from tests import make
from tests.populated import populate

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def incident(shipping: Department) -> Incident:
    return make.incident(shares={shipping: 1.0}, title="Late again")


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def names(text: str) -> list[str]:
    return sorted(person.name for person in mentioned_in(text))


def test_names_are_found_behind_an_at_sign_the_longer_first() -> None:
    for name in ("Ana Reed", "Ana Reedham", "Ana", "Zoë O’Neil", "Ben Cole"):
        make.person(name=name)
    assert names("Ask @Ana Reed, please") == ["Ana Reed"]
    assert names("Ask @ana reedham and @Zoë O’Neil.") == ["Ana Reedham", "Zoë O’Neil"]
    assert names("Ask @Ana! And @Ben Coleman, not a colleague") == ["Ana"]
    assert names("write to ana@reed.example or Ana Reed") == []


def test_whoever_left_or_is_another_system_is_not_addressed() -> None:
    make.person(name="Gone Away", is_active=False)
    make.person(Role.INTEGRATION, name="Warehouse")
    assert names("@Gone Away @Warehouse") == []


def test_who_sees_an_incident_is_the_same_asked_either_way() -> None:
    company = populate(2)
    people = [person for person in company.people.values() if person is not None]
    for incident, person in itertools.product(Incident.objects.all(), people):
        sees = Incident.objects.visible_to(person).filter(pk=incident.pk).exists()
        assert who_see(incident).filter(pk=person.pk).exists() == sees, (incident.state, person.role)


def test_whoever_reads_it_is_told_and_of_whoever_does_not_it_is_said(incident: Incident, shipping: Department) -> None:
    head, member = make.head(shipping), make.member(shipping, name="Ana Reed")
    make.head(make.department("legal"), name="Ben Cole")
    written = note(incident=incident, text="@Ana Reed @Ben Cole look", is_internal=False, acting_person=head)
    assert list(Mention.objects.values_list("person", flat=True)) == [member.pk]
    assert told_of(written).sentence == "Ana Reed is told. Ben Cole does not see this, and is not told."


def test_an_internal_note_tells_nobody_outside(incident: Incident, shipping: Department) -> None:
    head, executive = make.head(shipping), make.person(Role.EXECUTIVE, name="Eve Stone")
    written = note(incident=incident, text="@Eve Stone", is_internal=True, acting_person=head)
    assert told_of(written).cannot_read == [executive]


def test_it_waits_in_the_inbox_until_it_is_seen(incident: Incident, shipping: Department) -> None:
    member = make.member(shipping, name="Ana Reed")
    note(incident=incident, text="@Ana Reed, look", is_internal=False, acting_person=make.head(shipping))
    client = signed_in(member)
    assert "note mentions you" in client.get(reverse("inbox")).content.decode()
    mention = Mention.objects.get()
    page = client.get(reverse("mentions")).content.decode()
    assert "Late again" in page
    client.post(reverse("mention_see", args=[mention.public_id]))
    assert "note mentions you" not in client.get(reverse("inbox")).content.decode()
    assert signed_in(make.member(shipping)).post(reverse("mention_see", args=[mention.public_id])).status_code == 404


def test_answering_with_a_note_is_seeing_it(incident: Incident, shipping: Department) -> None:
    member = make.member(shipping, name="Ana Reed")
    note(incident=incident, text="@Ana Reed, look", is_internal=False, acting_person=make.head(shipping))
    note(incident=incident, text="I did.", is_internal=False, acting_person=member)
    assert not Mention.objects.visible_to(member).unseen().exists()


def test_names_are_offered_to_whoever_writes(incident: Incident, shipping: Department) -> None:
    head = make.head(shipping)
    for name in ("Ana Reed", "Ben Reedham"):
        make.member(shipping, name=name)
    make.head(make.department("legal"), name="Reed Outsider")
    address = reverse("incident_people", args=[incident.public_id])
    found = signed_in(head).get(address, {"q": "ree"}).json()["people"]
    assert [one["name"] for one in found] == ["Ana Reed", "Ben Reedham"]
    assert signed_in(make.head(make.department("billing"))).get(address).status_code == 404


def test_a_note_is_taken_back_and_stays_on_record(incident: Incident, shipping: Department) -> None:
    client = signed_in(make.head(shipping))
    make.member(shipping, name="Ana Reed")
    form = {"text": "@Ana Reed, look", "next": reverse("incident", args=[incident.public_id])}
    page = client.post(reverse("incident_note", args=[incident.public_id]), form, follow=True)
    assert "The note is written. Ana Reed is told." in page.content.decode()
    batch = next(iter(page.context["messages"])).extra_tags.removeprefix("undo:")
    undone = client.post(reverse("undo", args=[batch]), {"next": form["next"]}, follow=True).content.decode()
    assert "Taken back: the note is marked as taken back." in undone
    assert Note.objects.get().taken_back_at is not None
    assert "took a note back" in undone
    assert not Mention.objects.visible_to(Person.objects.get(name="Ana Reed")).exists()
    again = client.post(reverse("undo", args=[batch]), {"next": form["next"]}, follow=True).content.decode()
    assert "It has been taken back already." in again
