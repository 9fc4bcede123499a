"""What workers do: ids in, idempotent, a few lines each."""

import logging

from celery import shared_task
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from departments import detection
from departments.actions import checks
from departments.attachments import emptying
from departments.detection import backfilling
from retention import keeping
from retention.care import snoozes
from retention.imports import runs as imports
from retention.notifications import mail, monday, reminders
from retention.scoring import learning, rescoring, runs, what_if_runs
from retention.scoring.fit import TooFewLeavers
from retention.versions import weekly

# A worker that is told to end can wait so long.
DRAINING_SECONDS = 10.0

logger = logging.getLogger(__name__)


@shared_task(name="retention.detect_changes")
def detect_changes() -> None:
    """Open incidents for the signals that have arrived or were corrected."""
    detection.detect_changes()


@shared_task(name="retention.drain_changes")
def drain_changes() -> None:
    """Score the accounts that change, as long as they do; after some seconds the next beat goes on."""
    for _ in rescoring.drain_as_they_come(DRAINING_SECONDS):
        pass


@shared_task(name="retention.score_range")
def score_range(range_id: int) -> None:
    """Score one range of accounts."""
    runs.score_range(range_id)


@shared_task(name="retention.answer_range")
def answer_range(range_id: int) -> None:
    """Answer a question what if for one range of accounts."""
    what_if_runs.answer_range(range_id)


@shared_task(name="retention.start_nightly_run")
def start_nightly_run() -> None:
    """Score every account, since time itself changes risk."""
    for range_id in runs.start_run(timezone.now()):
        score_range.delay(range_id)


@shared_task(name="retention.sweep_runs")
def sweep_runs() -> None:
    """Hand out again what a lost message or a dead worker left undone."""
    runs.finish_run()
    for range_id in runs.unclaimed_ranges():
        score_range.delay(range_id)
    what_if_runs.finish_runs()
    for range_id in what_if_runs.unclaimed_ranges():
        answer_range.delay(range_id)


@shared_task(name="retention.learn")
def learn() -> None:
    """Fit the weights to the company's history, where there is enough of it, and store them as a candidate."""
    try:
        learning.learn(tell=logger.info)
    except (TooFewLeavers, learning.AlreadyLearning) as refused:
        logger.info("Nothing was fitted. %s", refused)


@shared_task(name="retention.backtest")
def backtest() -> None:
    """Test the newest model on the past; put it in force where it is better and the settings allow it."""
    for range_id in weekly.hold_against_the_past(logger.info):
        score_range.delay(range_id)


@shared_task(name="retention.send_morning_mails")
def send_morning_mails() -> None:
    """Mail people what waits for them, once a day."""
    mail.send_morning_mails(day=timezone.now().date())


@shared_task(name="retention.keep_figures")
def keep_figures() -> None:
    """Compute ahead what pages would take long to compute, where it is not at hand or has grown old."""
    keeping.keep_figures(moment=timezone.now())
    keeping.keep_standing_figures(moment=timezone.now())


@shared_task(name="retention.send_monday_mails")
def send_monday_mails() -> None:
    """Mail the scorecard to whoever wants it, on Monday mornings."""
    monday.send_monday_mails(moment=timezone.now())


@shared_task(name="retention.import_uploaded", autoretry_for=(DatabaseError, InterfaceError), retry_backoff=True)
def import_uploaded(run_id: int) -> None:
    """Import what somebody uploaded."""
    imports.perform(run_id)


@shared_task(name="retention.resume_imports")
def resume_imports() -> None:
    """Take up the imports whose message was lost or whose worker died; delete files that are needed no more."""
    for run_id in imports.unfinished_runs():
        import_uploaded.delay(run_id)
    imports.discard_contents()


@shared_task(name="retention.wake_snoozed")
def wake_snoozed() -> None:
    """Mark what came back by itself, on its day or because its risk rose."""
    snoozes.wake_what_is_due()


@shared_task(name="retention.open_effectiveness_checks")
def open_effectiveness_checks() -> None:
    """Open the checks of corrective actions that were done long enough ago."""
    checks.open_due_checks(timezone.now())


@shared_task(name="retention.empty_removed_files")
def empty_removed_files() -> None:
    """Delete what files held whose removal cannot be taken back any more."""
    emptying.empty_removed(timezone.now())


@shared_task(name="retention.send_reminders")
def send_reminders() -> None:
    """Tell people of deadlines that draw near or have passed."""
    reminders.send_reminders(now=timezone.now())


@shared_task(name="retention.backfill_rule", autoretry_for=(DatabaseError, InterfaceError), retry_backoff=True)
def backfill_rule(backfill_id: int) -> None:
    """Hold a detection rule against the past, as somebody asked."""
    backfilling.perform(backfill_id)


@shared_task(name="retention.resume_backfills")
def resume_backfills() -> None:
    """Take up the backfills whose message was lost or whose worker died."""
    for backfill_id in backfilling.stale_backfills():
        backfill_rule.delay(backfill_id)
