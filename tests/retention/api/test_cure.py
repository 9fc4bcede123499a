"""Cures over the API: the same steps, the same permissions, the same way back."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from departments.models import Person, State
from tests import make

pytestmark = pytest.mark.django_db


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


@pytest.fixture
def head(client: Client) -> Person:
    person = make.head(make.department())
    client.force_login(person)
    return person


def test_a_cure_is_recorded_and_taken_back(client: Client, head: Person) -> None:
    incident = make.incident(state=State.IN_WORK)
    path = f"cures/{incident.public_id}"
    post(client, f"{path}/contain", {"words": "Sent again."})
    post(client, f"{path}/cause", {"whys": ["Late.", "No scan."]})
    due_on = (timezone.localdate() + datetime.timedelta(days=4)).isoformat()
    told = post(client, f"{path}/plan", {"words": "Scan.", "owner": str(head.public_id), "due_on": due_on})
    assert [row["words"] for row in told["containments"]] == ["Sent again."]
    assert told["root_causes"][0]["whys"] == ["Late.", "No scan."]
    assert told["actions"][0]["state"] == "planned"
    undone = post(client, "deeds/undo", {"undo": told["undo"]})
    assert undone["undone"] == [str(incident.public_id)]
    assert client.get(f"/api/v1/{path}").json()["actions"] == []
    assert [row["id"] for row in client.get("/api/v1/cures").json()["results"]] == [str(incident.public_id)]


def test_a_problem_is_opened_linked_and_its_step_taken_back(client: Client, head: Person) -> None:
    first, second = make.incident(), make.incident()
    opened = post(
        client,
        "problems",
        {"title": "The gate", "department": "shipping", "incidents": [str(first.public_id)]},
    )
    linked = post(client, f"problems/{opened['id']}/link", {"incidents": [str(second.public_id)]})
    assert linked["done"] == [str(second.public_id)]
    contained = post(client, f"problems/{opened['id']}/contain", {"words": "By hand."})
    assert len(contained["incidents"]) == 2
    undone = post(client, "deeds/undo", {"undo": contained["undo"]})
    assert undone["undone"] == [opened["id"]]
    assert client.get(f"/api/v1/problems/{opened['id']}").json()["containments"] == []
