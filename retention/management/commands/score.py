"""Score accounts in the foreground."""

import contextlib
import datetime
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Account
from retention.models import ModelVersion, Score
from retention.scoring.rescoring import rescore_accounts, rescore_range
from retention.scoring.runs import account_ranges
from retention.scoring.trends import roll_up
from retention.scoring.versions import renew_prior_version


class Command(BaseCommand):
    """Compute the risk of leaving and its ledger, of all accounts or of some."""

    help = "Score all accounts, or those named, and write scores and history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--account", action="append", default=[], metavar="ID", help="public id, external id or exact name"
        )
        parser.add_argument(
            "--as-of",
            metavar="DATE",
            help="score from what was known at the end of that day (UTC), such as 2026-03-31; who answers for an "
            "incident, and how it is graded, count as settled since, back to the day it happened",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = _moment(options["as_of"])
        ids = [pk for name in options["account"] for pk in _account_ids(name)]
        _refuse_what_was_scored_later(Score.objects.filter(pk__in=ids) if ids else Score.objects.all(), as_of.date())
        version = renew_prior_version()
        if ids:
            written = rescore_accounts(account_ids=ids, as_of=as_of, version=version)
        else:
            written = self._score_all(as_of, version)
        self.stdout.write(f"{written} accounts scored as of {as_of:%Y-%m-%d %H:%M} UTC by {version}.")

    def _score_all(self, as_of: datetime.datetime, version: ModelVersion) -> int:
        ranges = account_ranges()
        written = 0
        with tqdm(total=Account.objects.count(), unit=" accounts", file=self.stderr) as progress:
            for first, last in ranges:
                written += rescore_range(first=first, last=last, as_of=as_of, version=version)
                progress.update(Account.objects.filter(pk__range=(first, last)).count())
        # Once more: changes may have been scored meanwhile, and their sums are not those of that day.
        _refuse_what_was_scored_later(Score.objects.all(), as_of.date())
        roll_up(as_of.date())
        return written


def _moment(text: str | None) -> datetime.datetime:
    now = timezone.now()
    if text is None:
        return now
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a date: write it as 2026-03-31.") from None
    end = datetime.datetime.combine(day, datetime.time.max, tzinfo=datetime.UTC)
    if day > now.astimezone(datetime.UTC).date():
        raise CommandError(f"{day} has not come yet: nothing is known of it.")
    return min(end, now)


def _refuse_what_was_scored_later(scores: QuerySet[Score], day: datetime.date) -> None:
    """Refuse a day once any account was scored on a later one: such a score stays, and is not that day's."""
    if day >= timezone.now().astimezone(datetime.UTC).date():
        return
    end = datetime.datetime.combine(day, datetime.time.max, tzinfo=datetime.UTC)
    later = scores.filter(as_of__gt=end).count()
    if later:
        raise CommandError(
            f"{later} accounts have a score of a later day than {day}, which stays, and so do the trends of {day}. "
            "Score past days in their order, before any later one."
        )


def _account_ids(name: str) -> list[int]:
    named = Q(name=name) | Q(external_id=name)
    with contextlib.suppress(ValueError):  # A name, then.
        named |= Q(public_id=uuid.UUID(name))
    ids = list(Account.objects.filter(named).values_list("pk", flat=True))
    if not ids:
        raise CommandError(f"No account has the id or name {name!r}.")
    return ids
