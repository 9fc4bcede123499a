"""Large questions what if: cut into ranges of accounts that any worker may take, retake, or take twice without harm."""

import hashlib
import json
from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.errors import Conflict
from departments.models import Person
from retention.models import WhatIfRange, WhatIfRun
from retention.scoring.claims import claim, unclaimed
from retention.scoring.runs import LONGEST_RUN, account_ranges
from retention.scoring.versions import completed, ensure_active_version, scoring_model
from retention.scoring.what_if import Question, parts_in_question, rescored_without
from retention.scoring.what_if_answers import Told

MOST_UNDER_WAY: Final = 3


def ask(*, question: Question, words: str, acting_person: Person) -> WhatIfRun:
    """Keep a question to be answered as of now; the same one that the person has under way is returned instead.

    Raises Conflict where the person has several under way already.
    """
    kept = question.to_dict()
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    version = ensure_active_version()
    run = WhatIfRun(
        question=kept,
        digest=digest,
        words=words,
        asked_by=acting_person,
        seen_as=acting_person.role,
        department=acting_person.department,
        model=version,
        as_of=timezone.now(),
    )
    with transaction.atomic():
        # Whoever asks twice at once waits here, so that the limit is kept.
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=acting_person.pk)
        under_way = {one.digest: one for one in WhatIfRun.objects.under_way().filter(asked_by=acting_person)}
        if digest in under_way:
            return under_way[digest]
        if len(under_way) >= MOST_UNDER_WAY:
            raise Conflict(f"{MOST_UNDER_WAY} questions of yours are being answered: wait until one of them is.")
        run.save()
        WhatIfRange.objects.bulk_create(
            [WhatIfRange(run=run, first=first, last=last) for first, last in account_ranges()]
        )
    finish_runs()
    run.refresh_from_db()
    return run


def ranges_of(run: WhatIfRun) -> list[int]:
    """Return the ids of the ranges of a question that nobody works on."""
    return unclaimed(run.ranges.all())


def unclaimed_ranges() -> list[int]:
    """Return the ids of the ranges that nobody works on, of every question."""
    return unclaimed(WhatIfRange.objects.all())


def answer_range(range_id: int) -> int:
    """Answer for one range, unless it is done or a living worker is at it; return how many accounts it touches."""
    if not claim(WhatIfRange.objects.all(), range_id):
        return 0
    part = WhatIfRange.objects.select_related("run__model", "run__asked_by").get(pk=range_id)
    told = _told(part)
    # A worker that was slow enough to be taken for dead finds the range done by another, and adds nothing.
    open_part = WhatIfRange.objects.filter(pk=range_id, finished_at=None)
    is_ours = open_part.update(finished_at=Now(), accounts=told.accounts, answer=told.to_dict())
    finish_runs()
    return told.accounts if is_ours else 0


def _told(part: WhatIfRange) -> Told:
    run = part.run
    everywhere = parts_in_question(Question.from_dict(run.question), run.asked_by, run.as_of)
    # A department that is younger than the question is to be known, too.
    model = completed(scoring_model(run.model))
    return Told.of(
        rescored_without(everywhere.filter(account__gte=part.first, account__lte=part.last), model, run.as_of)
    )


def finish_runs() -> int:
    """Put together the answers whose ranges are all done; return how many there were.

    A question that could not be answered in half a day is given up.
    """
    too_old = timezone.now() - LONGEST_RUN
    WhatIfRun.objects.under_way().filter(asked_at__lt=too_old).update(finished_at=Now())
    left = WhatIfRange.objects.filter(finished_at=None).values("run")
    with transaction.atomic():
        done = list(WhatIfRun.objects.under_way().exclude(pk__in=left).select_for_update(of=("self",)).order_by("pk"))
        for run in done:
            answers = run.ranges.exclude(answer=None).order_by("pk").values_list("answer", flat=True)
            run.answer = Told.joined(Told.from_dict(one) for one in answers if one is not None).to_dict()
            run.finished_at = timezone.now()
            run.save(update_fields=["answer", "finished_at"])
            run.ranges.update(answer=None)
        return len(done)
