"""Kills in the middle of scoring: nothing is lost, and no score is wrong or half written."""

import pytest

from tests.crash.system import ACCOUNTS_SQL, ORDERS_SQL, System, kill_group, wait_until

pytestmark = pytest.mark.crash

ACCOUNTS = 45_000
PARTS = 3

BEGIN_A_RUN = "from retention.tasks import start_nightly_run; start_nightly_run()"
RUN_IS_CLOSED = "SELECT count(*) FROM retention_scoringrun WHERE finished_at IS NOT NULL"
PARTS_TAKEN = "SELECT count(*) FROM retention_scoringrange WHERE claimed_at IS NOT NULL"
PARTS_DONE = "SELECT count(*) FROM retention_scoringrange WHERE finished_at IS NOT NULL"
WAITING_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
OTHER_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LET_CLAIMS_EXPIRE = """
UPDATE retention_scoringrange SET claimed_at = claimed_at - interval '1 hour' WHERE finished_at IS NULL
"""
LOCK_THE_LAST_SCORE = """
SELECT 1 FROM retention_score WHERE account_id = (SELECT max(account_id) FROM retention_score) FOR UPDATE
"""
OLD_OR_NEW_BY_PART = """
SELECT part.finished_at IS NOT NULL, count(*) FILTER (WHERE score.as_of = run.as_of),
       count(*) FILTER (WHERE score.as_of < run.as_of)
FROM retention_scoringrange AS part
JOIN retention_scoringrun AS run ON run.id = part.run_id
JOIN retention_score AS score ON score.account_id BETWEEN part.first AND part.last
GROUP BY part.id
"""


@pytest.fixture
def books(system: System) -> System:
    """A company whose accounts have orders and no scores yet."""
    system.sql(ACCOUNTS_SQL, accounts=ACCOUNTS)
    system.sql(ORDERS_SQL, batch="first", orders=2)
    return system


def test_a_worker_killed_while_it_writes_scores_leaves_whole_ones_and_another_finishes(books: System) -> None:
    assert books.manage("score").returncode == 0
    books.sql(ORDERS_SQL, batch="second", orders=1)
    with books.held(LOCK_THE_LAST_SCORE):
        # Whoever writes the last account's score has to wait here, in the middle of its work.
        books.python(BEGIN_A_RUN)
        with books.worker() as worker:
            wait_until(
                lambda: books.number(WAITING_FOR_A_LOCK) == 1 and books.number(PARTS_DONE) == PARTS - 1,
                "the worker hangs in the last part",
            )
            kill_group(worker)
        assert_every_part_is_old_or_new(books)
    wait_until(lambda: books.number(OTHER_CONNECTIONS) == 0, "the killed worker's connections are gone")
    assert_every_part_is_old_or_new(books)

    books.sql(LET_CLAIMS_EXPIRE)
    books.send("retention.sweep_runs")
    with books.worker():
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "another worker has finished the run")
    assert_scores_are_those_of_an_undisturbed_run(books)


def assert_every_part_is_old_or_new(system: System) -> None:
    parts = system.rows(OLD_OR_NEW_BY_PART)
    assert len(parts) == PARTS
    assert sorted(is_done for is_done, _, _ in parts) == [False, True, True]
    for is_done, new, old in parts:
        assert (new > 0, old > 0) == (is_done, not is_done)


@pytest.mark.parametrize("is_reached", [PARTS_TAKEN, PARTS_DONE], ids=["a part is taken", "a part is done"])
def test_of_two_workers_on_one_run_either_finishes_it_wherever_the_other_is_killed(
    books: System, is_reached: str
) -> None:
    with books.worker() as doomed, books.worker():
        books.python(BEGIN_A_RUN)
        wait_until(lambda: books.number(is_reached) > 0, "the two workers have begun")
        kill_group(doomed)
        # Also what the living one has in hand is given out again: taken twice, it must be done once.
        books.sql(LET_CLAIMS_EXPIRE)
        books.send("retention.sweep_runs")
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the other worker has finished the run")
    assert books.number("SELECT count(*) FROM retention_scorehistory") == ACCOUNTS
    assert_scores_are_those_of_an_undisturbed_run(books)


def test_marks_that_a_killed_worker_had_taken_are_worked_off_by_another(books: System) -> None:
    assert books.manage("score").returncode == 0
    books.sql("TRUNCATE accounts_accountchange")
    books.sql(ORDERS_SQL + " WHERE id %% 50 = 0", batch="second", orders=1)
    marks = books.number("SELECT count(*) FROM accounts_accountchange")
    assert marks == ACCOUNTS // 50
    with books.held("SELECT 1 FROM retention_score WHERE account_id % 50 = 0 FOR UPDATE"):
        books.send("retention.drain_changes")
        with books.worker() as worker:
            wait_until(lambda: books.number(WAITING_FOR_A_LOCK) == 1, "the worker hangs in draining")
            kill_group(worker)
    wait_until(lambda: books.number(OTHER_CONNECTIONS) == 0, "the killed worker's connections are gone")
    assert books.number("SELECT count(*) FROM accounts_accountchange") == marks

    books.send("retention.drain_changes")
    with books.worker():
        wait_until(lambda: books.number("SELECT count(*) FROM accounts_accountchange") == 0, "the marks are worked off")
    fresh = books.scores()
    books.python(
        "from retention.scoring.rescoring import rescore_accounts;"
        "from retention.scoring.versions import ensure_active_version;"
        "from retention.models import Score;"
        "moment = Score.objects.latest('as_of').as_of;"
        "ids = list(Score.objects.filter(as_of=moment).values_list('pk', flat=True));"
        f"assert len(ids) == {marks}, len(ids);"
        "rescore_accounts(account_ids=ids, as_of=moment, version=ensure_active_version())"
    )
    assert fresh == books.scores()


def test_messages_that_wait_outlive_a_kill_of_the_broker(books: System) -> None:
    books.python(BEGIN_A_RUN)
    assert books.queued() == PARTS
    books.kill_valkey()
    books.restart_services()
    assert books.queued() == PARTS
    with books.worker():
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the run is finished")
    assert_scores_are_those_of_an_undisturbed_run(books)


def test_an_idle_worker_goes_on_after_a_kill_of_the_broker(books: System) -> None:
    with books.worker() as worker:
        books.send("retention.sweep_runs")
        wait_until(lambda: books.queued() + books.in_work() == 0, "the worker has done its first message")
        books.kill_valkey()
        books.restart_services()
        books.python(BEGIN_A_RUN)
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the run is finished")
        assert worker.poll() is None
    assert_scores_are_those_of_an_undisturbed_run(books)


def test_what_a_busy_worker_loses_with_the_broker_is_finished_by_the_next(books: System) -> None:
    # Celery ends a worker that cannot give its messages back; whoever watches over it starts the next.
    assert books.manage("score").returncode == 0
    books.sql(ORDERS_SQL, batch="second", orders=1)
    with books.worker():
        with books.held(LOCK_THE_LAST_SCORE):
            books.python(BEGIN_A_RUN)
            wait_until(lambda: books.number(WAITING_FOR_A_LOCK) == 1, "the worker hangs in the last part")
            books.kill_valkey()
            books.restart_services()
        with books.worker():
            books.sql(LET_CLAIMS_EXPIRE)
            books.send("retention.sweep_runs")
            wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the run is finished")
    assert_scores_are_those_of_an_undisturbed_run(books)


def test_messages_that_are_lost_for_good_are_handed_out_again(books: System) -> None:
    books.python(BEGIN_A_RUN)
    books.forget_messages()
    assert books.number(PARTS_DONE) == 0
    books.send("retention.sweep_runs")
    with books.worker():
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the run is finished")
    assert_scores_are_those_of_an_undisturbed_run(books)


def test_a_killed_database_takes_a_run_up_again(books: System) -> None:
    assert books.manage("score").returncode == 0
    books.sql(ORDERS_SQL, batch="second", orders=1)
    with books.worker() as worker:
        with books.held(LOCK_THE_LAST_SCORE):
            books.python(BEGIN_A_RUN)
            wait_until(
                lambda: books.number(WAITING_FOR_A_LOCK) == 1 and books.number(PARTS_DONE) == PARTS - 1,
                "the worker hangs in the last part",
            )
            books.kill_postgresql()
        books.restart_services()
        assert_every_part_is_old_or_new(books)
        books.sql(LET_CLAIMS_EXPIRE)
        books.send("retention.sweep_runs")
        wait_until(lambda: books.number(RUN_IS_CLOSED) == 1, "the same worker has finished the run")
        assert worker.poll() is None
    assert_scores_are_those_of_an_undisturbed_run(books)


def assert_scores_are_those_of_an_undisturbed_run(system: System) -> None:
    scores = system.scores()
    assert len(scores) == ACCOUNTS
    assert len({score[0] for score in scores.values()}) == 1
    assert scores == system.scores_of_an_undisturbed_run()
