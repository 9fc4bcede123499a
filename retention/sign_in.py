"""Signing in with few guesses: failures are counted for each mail address, from each place and from all together.

Nothing is counted for a place alone, so that one forgetful colleague behind the company's proxy shuts nobody out.
Counters live in the cache that all web processes share and forget themselves.
"""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from departments.models import Person
from retention.api.tokens import end_token

if TYPE_CHECKING:
    ByMailForm = SetPasswordForm[Person]
else:
    ByMailForm = SetPasswordForm

MINUTES = 15
# From one place, and from all places together: the second is wide, since it lets a stranger keep somebody out.
FAILURES_FROM_A_PLACE, FAILURES_IN_ALL = 10, 50
RESET_MAILS_AN_HOUR = 5
TOO_MANY = f"Too many failed attempts. Try again in {MINUTES} minutes, or reset your password."


class Limit:
    """How often something may happen within a time, counted under a name that nobody can read back."""

    def __init__(self, *name: str, most: int, minutes: int) -> None:
        self.key = "limit:" + hashlib.sha256("\0".join(name).encode()).hexdigest()
        self.most = most
        self.seconds = minutes * 60

    @property
    def is_reached(self) -> bool:
        """Return whether it has happened as often as it may."""
        return int(cache.get(self.key, 0)) >= self.most

    def count(self) -> None:
        """Count once more; the time runs from the first."""
        if not cache.add(self.key, 1, self.seconds):
            try:
                cache.incr(self.key)
            except ValueError:  # it has just forgotten itself
                cache.add(self.key, 1, self.seconds)

    def forget(self) -> None:
        """Begin anew."""
        cache.delete(self.key)


def place_of(request: HttpRequest) -> str:
    """Return the address that a request comes from, behind as many proxies of ours as TRUSTED_PROXIES says."""
    forwarded = [place.strip() for place in request.headers.get("X-Forwarded-For", "").split(",") if place.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(forwarded) >= trusted:
        return str(forwarded[-trusted])
    return str(request.META.get("REMOTE_ADDR", ""))


class LimitedSignIn(AuthenticationForm):
    """Asks for mail address and password, and for no further guess after too many."""

    def clean(self) -> dict[str, Any]:
        """Check the password unless too many were wrong."""
        limits = list(self._limits())
        if any(limit.is_reached for limit in limits):
            raise ValidationError(TOO_MANY, code="too_many_failures")
        try:
            cleaned = super().clean()
        except ValidationError:
            for limit in limits:
                limit.count()
            raise
        limits[0].forget()
        return cleaned

    def _limits(self) -> Iterator[Limit]:
        email = str(self.cleaned_data.get("username", "")).casefold()
        place = place_of(self.request) if self.request else ""
        yield Limit("sign-in", email, place, most=FAILURES_FROM_A_PLACE, minutes=MINUTES)
        yield Limit("sign-in", email, most=FAILURES_IN_ALL, minutes=MINUTES)


class LimitedAdminSignIn(LimitedSignIn, AdminAuthenticationForm):
    """The same for the sign-in page of the configuration."""


class NewPassword(PasswordChangeForm):
    """A new password by whoever knows the old one. It ends the token: whoever had learned the old one keeps nothing."""

    @transaction.atomic
    def save(self, *args: Any, **options: Any) -> Person:
        """Set the password and end the token."""
        end_token(person=self.user, acting_person=self.user)
        return super().save(*args, **options)


class NewPasswordByMail(ByMailForm):
    """A new password by whoever has the link; it ends the token, too."""

    @transaction.atomic
    def save(self, *args: Any, **options: Any) -> Person:
        """Set the password and end the token."""
        end_token(person=self.user, acting_person=self.user)
        return super().save(*args, **options)


class LimitedPasswordReset(PasswordResetForm):
    """Sends a link for a password, and no flood of them."""

    def get_users(self, email: str) -> Any:
        """Return who signs in with the address, also whoever never had a password: people who came by file."""
        return Person.objects.filter(email__iexact=email, is_active=True)

    def save(self, *args: Any, **options: Any) -> None:
        """Send the mail unless enough went to the address; whoever asks is told the same either way."""
        limit = Limit("reset", self.cleaned_data["email"].casefold(), most=RESET_MAILS_AN_HOUR, minutes=60)
        if not limit.is_reached:
            limit.count()
            super().save(*args, **options)
