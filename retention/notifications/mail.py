"""The morning mail: the inbox of each person who wants it, once a day."""

import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import models
from django.template.loader import render_to_string

from departments.models import Person
from retention.notifications.inbox import inbox


def send_morning_mails(*, day: datetime.date) -> int:
    """Send each person what waits for them; return how many mails went out.

    The day is claimed before a mail is sent: a repeated task sends nothing twice, and a mail that a failing
    server lost is lost for that day alone, since the inbox itself is never read away.
    """
    unsent = models.Q(last_mailed_on=None) | models.Q(last_mailed_on__lt=day)
    people = Person.objects.filter(unsent, is_active=True, wants_mail=True).select_related("department")
    return sum(_send(person, day) for person in people.iterator())


def _send(person: Person, day: datetime.date) -> bool:
    items = inbox(person)
    if not items:
        return False
    unsent = models.Q(last_mailed_on=None) | models.Q(last_mailed_on__lt=day)
    if not Person.objects.filter(unsent, pk=person.pk).update(last_mailed_on=day):
        return False
    text = render_to_string(
        "notifications/morning_mail.txt", {"person": person, "items": items, "site": settings.SITE_URL}
    )
    total = sum(item.count for item in items)
    send_mail(f"Holdfast: {total} waiting for you", text, None, [person.email])
    return True
