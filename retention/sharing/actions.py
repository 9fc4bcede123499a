"""Making and ending live links: addresses at which the scorecard is read without an account."""

import datetime
import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid
from departments.actions.permissions import require
from departments.models import Capability, Person
from retention.models import LiveLink

MOST_DAYS = 180
TOKEN_BYTES = 32


def digest_of(token: str) -> str:
    """Return what is kept of a secret. It is random and long, so that a plain hash cannot be turned around."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_live_link(*, name: str, segment: str, days: int, acting_person: Person) -> tuple[LiveLink, str]:
    """Make a link that lasts so many days; return it with its secret, which is kept nowhere."""
    require(acting_person, Capability.SHARE_SCORECARD)
    if not name.strip():
        raise Invalid("name", "Say for whom the link is.")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", f"A link lasts from a day to {MOST_DAYS} days.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = timezone.now() + datetime.timedelta(days=days)
    link = LiveLink.objects.create(
        name=name.strip(), segment=segment, digest=digest_of(token), made_by=acting_person, expires_at=expires_at
    )
    link.refresh_from_db()
    details = {"name": link.name, "segment": segment, "expires_at": expires_at.isoformat()}
    record_audit(verb="live_link.make", subject=link.public_id, details=details, acting_person=acting_person)
    return link, token


@transaction.atomic
def end_live_link(*, link: LiveLink, acting_person: Person) -> None:
    """End a link at once. Whoever sees the scorecard may: closing a door must not wait for who opened it."""
    require(acting_person, Capability.SEE_SCORECARD)
    ended = LiveLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=acting_person)
    if not ended:
        raise Conflict("The link was ended before.")
    record_audit(verb="live_link.end", subject=link.public_id, details={"name": link.name}, acting_person=acting_person)
