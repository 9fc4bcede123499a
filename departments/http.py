"""Requests as views see them: by a person who is signed in, perhaps by htmx."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from departments.models import Person


class PersonRequest(HttpRequest):
    """A request behind the sign-in: LoginRequiredMiddleware has seen to the person, django-htmx to the details."""

    user: Person
    htmx: HtmxDetails
