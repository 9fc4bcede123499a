"""Mails about deadlines: what a person was newly told of, in one mail."""

import datetime
import logging
from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone

from departments.actions.waits import end_expired_waits
from departments.cure.reminding import remind_owners
from departments.models import ActionReminder, Person, Reminder
from departments.reminding import remind

logger = logging.getLogger(__name__)
LISTED = 20


def send_reminders(*, now: datetime.datetime) -> int:
    """Find the deadlines that draw near or have passed, and mail whoever has to know; return the number of mails.

    What is waited for no longer than until now goes on first, so that its deadline is the one that runs again.
    """
    end_expired_waits(now=now)
    remind(now)
    remind_owners(timezone.localdate(now))
    incidents = Reminder.objects.filter(mailed_at=None).order_by().values("person")
    actions = ActionReminder.objects.filter(mailed_at=None).order_by().values("person")
    people = Person.objects.filter(models.Q(pk__in=incidents) | models.Q(pk__in=actions), is_active=True)
    return sum(_send(person, now) for person in people.iterator())


def _send(person: Person, now: datetime.datetime) -> bool:
    """Claim what the person was not mailed of, then mail it; what a server refuses is given back for the next time."""
    unmailed = Reminder.objects.filter(person=person, mailed_at=None)
    found = list(unmailed.select_related("incident__account").order_by("-kind", "due_at"))
    of_actions = ActionReminder.objects.filter(person=person, mailed_at=None)
    actions = list(of_actions.select_related("action__incident", "action__problem").order_by("-kind", "due_on"))
    claimed = _claim(Reminder, found, now) + _claim(ActionReminder, actions, now)
    if not person.wants_mail or claimed != len(found) + len(actions):
        return False
    context = {"person": person, "reminders": found[:LISTED], "more": len(found) - LISTED, "site": settings.SITE_URL}
    context["actions"] = actions
    text = render_to_string("notifications/reminders_mail.txt", context)
    try:
        send_mail(f"Holdfast: {claimed} deadlines", text, None, [person.email])
    except (SMTPException, OSError):
        logger.exception("The reminder of person %s was not sent.", person.public_id)
        Reminder.objects.filter(pk__in=[one.pk for one in found]).update(mailed_at=None)
        ActionReminder.objects.filter(pk__in=[one.pk for one in actions]).update(mailed_at=None)
        return False
    return True


def _claim(model: type[Reminder] | type[ActionReminder], found: Sequence[models.Model], now: datetime.datetime) -> int:
    """Return how many of those found nobody else has mailed meanwhile."""
    rows: models.QuerySet[Any] = model._default_manager.filter(pk__in=[one.pk for one in found], mailed_at=None)
    return rows.update(mailed_at=now)
