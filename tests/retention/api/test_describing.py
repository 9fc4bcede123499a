"""The API described, and the tokens for it."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from accounts.models import AuditEntry
from tests import make
from tests.retention.api.calls import Caller

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_complete() -> None:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    assert "/api/v1/incidents/{public_id}/hand-off" in out.getvalue()
    assert answered_with(out.getvalue(), "notes") == answered_with(out.getvalue(), "attachments") == "DoneIncident"


def answered_with(schema: str, deed: str) -> str:
    """Return what the schema calls the answer to a deed on an incident."""
    call = json.loads(schema)["paths"][f"/api/v1/incidents/{{public_id}}/{deed}"]["post"]
    return str(call["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2])


def test_the_documentation_runs_under_the_policy_of_every_page() -> None:
    program = Caller(None)
    program.client.force_login(make.person())
    page = program.get("/docs")
    assert page.status_code == 200
    assert "<style" not in page.content.decode()
    assert "<script>" not in page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
    script = program.client.get("/api/v1/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema" in script.content.decode()


def test_a_token_is_issued_by_command_and_ends_the_one_before() -> None:
    person, out = make.person(email="robin@example.com"), io.StringIO()
    before = Token.objects.create(user=person).key
    call_command("issue_token", "Robin@example.com", stdout=out)
    [token] = Token.objects.all()
    assert out.getvalue().strip() == token.key != before
    assert AuditEntry.objects.get(verb="token.issue").subject is not None


def test_no_token_is_issued_to_strangers() -> None:
    with pytest.raises(CommandError, match=r"Nobody who may sign in has the mail address"):
        call_command("issue_token", "nobody@example.com")
    assert not Token.objects.exists()
