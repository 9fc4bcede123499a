"""The morning mail: the inbox of each person who wants it, once a day."""

import datetime
import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import models
from django.template.loader import render_to_string

from departments.models import Person
from retention.notifications.inbox import inbox
from retention.notifications.item import Item

logger = logging.getLogger(__name__)


def send_morning_mails(*, day: datetime.date) -> int:
    """Send each person what waits for them; return how many mails went out.

    The day is claimed before a mail is sent, so that a repeated task sends nothing twice. A mail that cannot be
    sent is logged with the person's id and its day given back, for a later run; everybody after still gets theirs.
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
    return _mail(person, items, day)


def _mail(person: Person, items: list[Item], day: datetime.date) -> bool:
    text = render_to_string(
        "notifications/morning_mail.txt", {"person": person, "items": items, "site": settings.SITE_URL}
    )
    total = sum(item.count for item in items)
    try:
        send_mail(f"Holdfast: {total} waiting for you", text, None, [person.email])
    except (SMTPException, OSError):
        # One address that a server refuses is no reason for the others to hear nothing.
        logger.exception("The morning mail of person %s was not sent.", person.public_id)
        Person.objects.filter(pk=person.pk, last_mailed_on=day).update(last_mailed_on=person.last_mailed_on)
        return False
    return True
