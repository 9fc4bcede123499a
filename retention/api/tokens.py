"""Tokens for programs: one a person, shown once."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.authtoken.models import Token

from accounts.actions import record_audit
from departments.http import PersonRequest
from departments.models import Person


@transaction.atomic
def issue_token(*, person: Person, acting_person: Person | None) -> str:
    """Return a new token that acts as the person; the one before ends."""
    Token.objects.filter(user=person).delete()
    record_audit(verb="token.issue", subject=person.public_id, details={}, acting_person=acting_person)
    return str(Token.objects.create(user=person).key)


@transaction.atomic
def end_token(*, person: Person, acting_person: Person | None) -> None:
    """End the person's token, if there is one."""
    ended, _ = Token.objects.filter(user=person).delete()
    if ended:
        record_audit(verb="token.end", subject=person.public_id, details={}, acting_person=acting_person)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_token(request: PersonRequest) -> HttpResponse:
    """Show since when the person has a token; posted to, issue another and show it this once."""
    key = issue_token(person=request.user, acting_person=request.user) if request.method == "POST" else None
    token = Token.objects.filter(user=request.user).first()
    return render(request, "api/token.html", {"key": key, "token": token})


@never_cache
@require_POST
def end_own_token(request: PersonRequest) -> HttpResponse:
    """End the person's token."""
    end_token(person=request.user, acting_person=request.user)
    return render(request, "api/token.html", {"key": None, "token": None})
