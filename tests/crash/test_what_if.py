"""Kills in the middle of a question what if: another worker finishes it, with the same answer."""

import pytest

from tests.crash.system import ACCOUNTS_SQL, ORDERS_SQL, System, kill_group, wait_until

pytestmark = pytest.mark.crash

ACCOUNTS = 45_000
PARTS = 3

# Every 1,500th account has met with friction; what if it had not?
ASK = """
from accounts.models import Account
from departments.models import Role
from retention.scoring.what_if import Question
from retention.scoring.what_if_runs import ask, ranges_of
from retention.tasks import answer_range
from tests import make
for account in Account.objects.filter(pk__in=list(Account.objects.order_by("pk").values_list("pk", flat=True))[::1500]):
    make.incident(account, severity=1.0)
run = ask(question=Question(), words="What if?", acting_person=make.person(Role.EXECUTIVE))
for range_id in ranges_of(run):
    answer_range.delay(range_id)
"""
COMPARE = """
from retention.models import WhatIfRun
from retention.scoring.versions import completed, scoring_model
from retention.scoring.what_if import Question, parts_in_question, rescored_without
from retention.scoring.what_if_answers import Told
run = WhatIfRun.objects.get()
found = Told.from_dict(run.answer)
parts = parts_in_question(Question.from_dict(run.question), run.asked_by, run.as_of)
whole = Told.of(rescored_without(parts, completed(scoring_model(run.model)), run.as_of))
assert (found.accounts, found.incidents, found.crossings) == (30, 30, whole.crossings), found
assert whole.accounts == 30
assert abs(found.total_kept - whole.total_kept) < 1e-6
assert found.total_kept > 0.0
kept = {one.account_id: one.after for one in whole.heaviest}
assert {one.account_id for one in found.heaviest} == set(kept)
assert all(abs(kept[one.account_id] - one.after) < 1e-9 for one in found.heaviest)
"""
RUN_IS_ANSWERED = "SELECT count(*) FROM retention_whatifrun WHERE finished_at IS NOT NULL AND answer IS NOT NULL"
PARTS_TAKEN = "SELECT count(*) FROM retention_whatifrange WHERE claimed_at IS NOT NULL AND finished_at IS NULL"
PARTS_LEFT = "SELECT count(*) FROM retention_whatifrange WHERE finished_at IS NULL"
WAITING_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
LET_CLAIMS_EXPIRE = """
UPDATE retention_whatifrange SET claimed_at = claimed_at - interval '1 hour' WHERE finished_at IS NULL
"""
# Whoever reads what accounts are weighed by has to wait here, in the middle of its range.
LOCK_THE_RELEASES = "LOCK TABLE departments_release IN ACCESS EXCLUSIVE MODE"


@pytest.fixture
def books(system: System) -> System:
    """A company whose accounts have orders and scores."""
    system.sql(ACCOUNTS_SQL, accounts=ACCOUNTS)
    system.sql(ORDERS_SQL, batch="first", orders=2)
    assert system.manage("score").returncode == 0
    return system


def test_a_worker_killed_in_the_middle_of_a_question_leaves_it_to_be_answered_by_another(books: System) -> None:
    books.python(ASK)
    assert books.number(PARTS_LEFT) == PARTS
    with books.worker() as doomed:
        with books.held(LOCK_THE_RELEASES):
            wait_until(
                lambda: books.number(PARTS_TAKEN) > 0 and books.number(WAITING_FOR_A_LOCK) > 0,
                "the worker hangs in the middle of a part",
            )
            kill_group(doomed)
        assert books.number(PARTS_LEFT) == PARTS
    books.sql(LET_CLAIMS_EXPIRE)
    books.send("retention.sweep_runs")
    with books.worker():
        wait_until(lambda: books.number(RUN_IS_ANSWERED) == 1, "another worker has answered the question")
    books.python(COMPARE)
