"""Calls as a program makes them: with a token, in JSON."""

from typing import Any

from django.test import Client
from rest_framework.authtoken.models import Token

from departments.models import Person

API = "/api/v1"


class Caller:
    """A program that calls as a person."""

    def __init__(self, person: Person | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = (
            {} if person is None else {"Authorization": f"Token {Token.objects.get_or_create(user=person)[0]}"}
        )

    def get(self, path: str, **query: Any) -> Any:
        """Return the response to reading."""
        return self.client.get(API + path, query, headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        """Return the response to sending."""
        return self.client.post(API + path, body or {}, content_type="application/json", headers=self.headers)


def ids(response: Any) -> list[str]:
    """Return the ids of a list's records."""
    assert response.status_code == 200, response.content
    return [record["id"] for record in response.json()["results"]]
