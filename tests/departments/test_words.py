"""Every step that is ever recorded has words: no sentence names it as the code does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.errors import Conflict
from departments.actions.handoffs import ACCEPTED, HANDED_OFF, OFFERED
from departments.actions.incidents import assign, note
from departments.actions.replay import Verb
from departments.actions.steps import last_step, require_state
from departments.cure.words import OF_PROBLEMS
from departments.detection.correcting import OWN_STEPS
from departments.models import Incident, IncidentEvent, ProblemEvent, State
from departments.records import STATE_AFTER
from departments.words import OF_OFFERS, VERBS, words_of
from tests import make
from tests.populated import populate

ROOT = Path(__file__).parent.parent.parent
RECORDERS = {
    "record_step",
    "record_problem_step",
    "_record",
    "record",
    "Step",
    "IncidentEvent",
    "allow_undo",
    "verb_of",
}
OF_PARTS = (
    *(HANDED_OFF, OFFERED, ACCEPTED, "returned", "withdrawn", "countered", "accepted"),
    *("disputed", "dispute_withdrawn", "dispute_upheld", "dispute_taken"),
)


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def recorded_in(tree: ast.Module) -> Iterator[str]:
    """Yield the verbs that a module spells where it records a step."""
    spelled = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node) in RECORDERS):
        named = [keyword.value for keyword in call.keywords if keyword.arg == "verb"]
        for value in named or call.args[1:3]:
            verb = spelled.get(value.id) if isinstance(value, ast.Name) else getattr(value, "value", None)
            if isinstance(verb, str) and verb.islower():
                yield verb


def spelled_verbs() -> set[str]:
    paths = [path for path in (ROOT / "departments").rglob("*.py") if "migrations" not in path.parts]
    return {verb for path in paths for verb in recorded_in(ast.parse(path.read_text()))}


def test_every_step_that_the_code_records_has_words() -> None:
    known = {*STATE_AFTER, *OWN_STEPS, *OF_OFFERS, *(verb.value for verb in Verb), *(f"part_{one}" for one in OF_PARTS)}
    spelled = spelled_verbs()
    assert {"noted", "case_stated", "attachment_restored", "problem_unlinked", "waited"} <= spelled
    assert {verb for verb in known | spelled if verb not in VERBS and verb not in OF_PROBLEMS} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_its_words_are_no_name_of_the_code(verb: str) -> None:
    words = words_of(IncidentEvent(verb=verb))
    assert words != verb
    assert "_" not in words
    assert " " in words


@pytest.mark.django_db
def test_every_step_of_a_whole_company_has_words() -> None:
    populate(1)
    assert set(IncidentEvent.objects.values_list("verb", flat=True)) <= VERBS.keys()
    assert set(ProblemEvent.objects.values_list("verb", flat=True)) <= OF_PROBLEMS.keys()


@pytest.mark.django_db
def test_whoever_was_slower_than_a_note_is_told_of_a_note() -> None:
    incident = make.incident(state=State.IN_WORK)
    note(incident=incident, text="Look.", is_internal=False, acting_person=make.head(incident.department, name="Ana"))
    with pytest.raises(Conflict, match=r"This cannot be done now: in work\. Ana: wrote a note, "):
        require_state(incident, State.NEW)


@pytest.mark.django_db
def test_to_whom_it_was_given_and_from_whom_it_was_taken_is_said() -> None:
    incident = make.incident(state=State.IN_WORK)
    head = make.head(incident.department, name="Ana")
    assign(incident=incident, assignee=head, acting_person=head)
    assert last_step(incident).startswith("Ana: assigned it to Ana, ")
    assign(incident=Incident.objects.get(pk=incident.pk), assignee=None, acting_person=head)
    assert last_step(incident).startswith("Ana: took it from Ana, ")
