"""Addressing people in notes: @Ana Reed. Whoever may read it is told; of the others it is said that they are not."""

import re
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from departments.models import Assignment, HandOff, Incident, Mention, Note, Person, Responsibility, Role, Wait
from departments.models.person import SEES_EVERYTHING, WORKS_IN_DEPARTMENT

BY_ASSIGNMENT = (Role.ACCOUNT_MANAGER, Role.SERVICE_DESK)
MOST_MENTIONED = 20


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told of a note, and who is addressed in it and cannot read it."""

    told: list[Person]
    cannot_read: list[Person]

    @property
    def sentence(self) -> str:
        """Return what the writer should know of it; empty where nobody is addressed."""
        sentences = []
        if self.told:
            sentences.append(f"{_listed(self.told)} {_one_or(self.told, 'is', 'are')} told.")
        if self.cannot_read:
            names = _listed(self.cannot_read)
            does, is_ = _one_or(self.cannot_read, "does", "do"), _one_or(self.cannot_read, "is", "are")
            sentences.append(f"{names} {does} not see this, and {is_} not told.")
        return " ".join(sentences)


def _one_or(people: list[Person], one: str, several: str) -> str:
    return one if len(people) == 1 else several


def _listed(people: list[Person]) -> str:
    *names, last = (person.name for person in people)
    return f"{', '.join(names)} and {last}" if names else last


def mentioned_in(text: str) -> list[Person]:
    """Return the people whose names follow an @, each once; of two names that begin alike, the longer one counts."""
    first_words = {word.casefold() for word in re.findall(r"@([^\W_][\w'’.-]*)", text)}
    if not first_words:
        return []
    starts = Q()
    for word in sorted(first_words)[:MOST_MENTIONED]:
        starts |= Q(name__istartswith=word.rstrip("."))
    people = sorted(_who_sign_in().filter(starts), key=lambda person: -len(person.name))
    rest, found = text, []
    for person in people:
        pattern = re.compile(rf"@{re.escape(person.name)}(?!\w)", re.IGNORECASE)
        if pattern.search(rest):
            found.append(person)
            rest = pattern.sub("", rest)
    return found[:MOST_MENTIONED]


def mention_people(*, note: Note, acting_person: Person) -> None:
    """Tell whoever is addressed in the note and may read it; call it in the transaction that writes the note.

    Whoever writes on an incident has seen where they were addressed on it.
    """
    others = [person for person in mentioned_in(note.text) if person.pk != acting_person.pk]
    if others:
        readers = who_may_read(note).filter(pk__in=[person.pk for person in others])
        Mention.objects.bulk_create(Mention(note=note, person=person) for person in readers)
    see_mentions(mentions=Mention.objects.filter(note__incident=note.incident_id), acting_person=acting_person)


def told_of(note: Note) -> Told:
    """Return who is told of a note, and who is addressed in it and cannot read it."""
    told = [mention.person for mention in note.mentions.select_related("person").order_by("pk")]
    known = {note.person_id, *(person.pk for person in told)}
    return Told(told, [person for person in mentioned_in(note.text) if person.pk not in known])


def who_may_read(note: Note) -> QuerySet[Person]:
    """Return the people who may read the note."""
    seeing = who_see(note.incident)
    return seeing.filter(department=note.department_id) if note.is_internal else seeing


def who_see(incident: Incident) -> QuerySet[Person]:
    """Return the people among whose incidents this one is: the same as `Incident.visible_to`, asked the other way."""
    today = timezone.localdate()
    parts = Responsibility.objects.order_by().filter(incident=incident).values("department")
    asked = HandOff.objects.order_by().filter(incident=incident).values("to_department")
    waited_for = Wait.objects.order_by().filter(incident=incident, department__isnull=False).values("department")
    departments = Q(department__in=parts) | Q(department__in=asked) | Q(department__in=waited_for)
    departments |= Q(department=incident.reporting_department_id or 0)
    keepers = Assignment.objects.in_force(today).order_by().filter(account=incident.account_id).values("person")
    away = Q(absences__starts_on__lte=today, absences__ends_on__gte=today, pk__in=keepers)
    covers = Person.objects.order_by().filter(away).values("absences__covered_by")
    return _who_sign_in().filter(
        Q(role__in=SEES_EVERYTHING)
        | (Q(role__in=WORKS_IN_DEPARTMENT) & departments)
        | (Q(role__in=BY_ASSIGNMENT) & (Q(pk__in=keepers) | Q(pk__in=covers)))
    )


def _who_sign_in() -> QuerySet[Person]:
    return Person.objects.filter(is_active=True).exclude(role=Role.INTEGRATION).select_related("department")


def see_mentions(*, mentions: QuerySet[Mention], acting_person: Person) -> int:
    """Say that the acting person has seen them; returns how many were new."""
    return mentions.filter(person=acting_person, seen_at=None).update(seen_at=timezone.now())
