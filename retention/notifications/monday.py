"""The scorecard by mail on Monday mornings: to whoever asked for it, once a week."""

import datetime
import logging
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.actions import record_audit
from accounts.models import Organisation
from departments.actions.permissions import require
from departments.models import Capability, Person
from retention.dashboards.periods import Period
from retention.dashboards.scorecard import read_scorecard
from retention.dashboards.scorecard_sheet import Sheet, sheet_of
from retention.formatting import in_the_style_of, zone_named
from retention.models import ScorecardMail, ScorecardMailSent

logger = logging.getLogger(__name__)

MONDAY, FROM_HOUR = 0, 6
SALT = "retention.notifications.monday.stop"
DEPARTMENTS_NAMED = 5
# A server that says no has not taken the mail; one that falls silent may have.
REFUSALS = (SMTPResponseException, SMTPRecipientsRefused)


@transaction.atomic
def want_scorecard_mail(*, segment: str, acting_person: Person) -> ScorecardMail:
    """Send the person the scorecard on Mondays from now on, of a segment or (empty) of all."""
    require(acting_person, Capability.SEE_SCORECARD)
    wanted, _ = ScorecardMail.objects.update_or_create(person=acting_person, defaults={"segment": segment})
    details = {"segment": segment}
    record_audit(
        verb="scorecard_mail.want", subject=acting_person.public_id, details=details, acting_person=acting_person
    )
    return wanted


@transaction.atomic
def stop_scorecard_mail(*, person: Person, acting_person: Person | None) -> bool:
    """Send the person no scorecard any more; return whether one was sent so far. A link in the mail acts as nobody."""
    stopped, _ = ScorecardMail.objects.filter(person=person).delete()
    if stopped:
        record_audit(verb="scorecard_mail.stop", subject=person.public_id, details={}, acting_person=acting_person)
    return bool(stopped)


def stop_token(person: Person) -> str:
    """Return the signed word by which the link in a mail knows its reader."""
    return signing.dumps(str(person.public_id), salt=SALT)


def person_of_stop_token(token: str) -> Person | None:
    """Return the reader that a link names; None where it is not one of ours."""
    try:
        public_id = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Person.objects.filter(public_id=public_id).first()


def send_monday_mails(*, moment: datetime.datetime) -> int:
    """Send the scorecard to whoever wants it and has not had it this week; return how many mails went out.

    Nothing is sent but on Monday from six in the organisation's time zone. Whoever was missed, since no worker ran or
    the mail server refused, is served when it is tried again that day.
    """
    company = Organisation.objects.first() or Organisation()
    local = timezone.localtime(moment, zone_named(company.time_zone))
    if local.weekday() != MONDAY or local.hour < FROM_HOUR:
        return 0
    sent = ScorecardMailSent.objects.filter(week=local.date()).values("person")
    wanted = ScorecardMail.objects.filter(person__is_active=True).exclude(person__in=sent)
    return sum(_send(one, company, moment, local.date()) for one in wanted.select_related("person"))


def _send(wanted: ScorecardMail, company: Organisation, moment: datetime.datetime, week: datetime.date) -> bool:
    """Note that the week's mail goes out, then send it: at most once, whoever tries it at the same time or again.

    A worker that dies in between leaves a note without a time: nobody knows whether the server had the mail by then,
    and a figure that comes twice would be taken for two.
    """
    if not wanted.person.can(Capability.SEE_SCORECARD):
        return False
    mail = write_mail(wanted, company, moment, week)
    note, is_first = ScorecardMailSent.objects.get_or_create(person=wanted.person, week=week)
    return is_first and _deliver(mail, note)


def _deliver(mail: EmailMultiAlternatives, note: ScorecardMailSent) -> bool:
    """Hand the mail to the server; what it did not get, or said that it does not take, is tried again that day."""
    server = mail.connection = get_connection()
    is_reached = False
    try:
        server.open()
        is_reached = True
        mail.send()
    except (SMTPException, OSError) as error:
        # One address that a server refuses is no reason for the others to hear nothing.
        logger.exception("The scorecard of person %s was not sent.", note.person.public_id)
        if not is_reached or isinstance(error, REFUSALS):
            note.delete()
        return False
    finally:
        server.close()
    note.sent_at = timezone.now()
    note.save(update_fields=["sent_at"])
    return True


def write_mail(
    wanted: ScorecardMail, company: Organisation, moment: datetime.datetime, week: datetime.date
) -> EmailMultiAlternatives:
    """Write a person's mail: figures against those of a week before, as text and as HTML."""
    person = wanted.person
    zone = zone_named(person.time_zone, company.time_zone)
    with in_the_style_of(company), timezone.override(zone):
        card = read_scorecard(person=person, segment=wanted.segment, moment=moment, period=Period.week_to(week))
        context = _context(person, sheet_of(card, company), wanted.segment)
        text = render_to_string("notifications/monday_mail.txt", context)
        html = render_to_string("notifications/monday_mail.html", context)
    mail = EmailMultiAlternatives(
        f"Scorecard of {company.name}, {week:%d %B}",
        text,
        None,
        [person.email],
        headers=_headers(context, person, week),
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _context(person: Person, sheet: Sheet, segment: str) -> dict[str, object]:
    site = settings.SITE_URL.rstrip("/")
    query = f"?{urlencode({'segment': segment})}" if segment else ""
    shown = [line for line in sheet.lines if line.money > 0][:DEPARTMENTS_NAMED]
    return {
        "person": person,
        "sheet": sheet,
        "shown": shown,
        "scorecard_url": f"{site}{reverse('scorecard')}{query}",
        "method_url": f"{site}{reverse('method')}",
        "settings_url": f"{site}{reverse('scorecard_mail')}",
        "stop_url": f"{site}{reverse('scorecard_mail_stop', args=[stop_token(person)])}",
    }


def _headers(context: dict[str, object], person: Person, week: datetime.date) -> dict[str, str]:
    """Let mail programs offer to stop it (RFC 8058), and know the same week's mail again should it come twice."""
    return {
        "List-Unsubscribe": f"<{context['stop_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<scorecard-{week:%Y%m%d}-{person.public_id}@holdfast>",
        "Auto-Submitted": "auto-generated",
    }
