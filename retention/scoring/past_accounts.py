"""In which segment accounts were on a past day, and when they were to renew, as far as that is kept.

The database keeps what stood until each change. What was empty until the first change that was kept counts as not yet
known, and not as none: whoever fills in a company's segments today says nothing of a change.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from django.db import connection

from retention.scoring.engine import Floats
from retention.scoring.features import Facts
from retention.scoring.panel_arrays import Integers, Truths

PAST_SQL: Final = """
    SELECT account_id, date_part('epoch', until), segment, (renews_on - DATE '1970-01-01')::float8
    FROM accounts_pastaccount WHERE account_id = ANY(%(ids)s) ORDER BY account_id, until, id
"""


@dataclass(frozen=True, slots=True)
class PastAccounts:
    """What stood until when, sorted by account and time; where something is not known, what stands now counts.

    `segment` is a place in `segments`, -1 where it is not known; `renews_on` counts days, NaN without a contract, and
    infinite where it is not known.
    """

    segments: tuple[str, ...]
    account_id: Integers
    until: Floats
    segment: Integers
    renews_on: Floats

    @classmethod
    def read(cls, account_ids: Sequence[int]) -> Self:
        """Read what was kept of accounts."""
        with connection.cursor() as cursor:
            cursor.execute(PAST_SQL, {"ids": list(account_ids)})
            kept = cursor.fetchall()
        rows = [row for _, group in groupby(kept, itemgetter(0)) for row in _known(list(group))]
        names = tuple(sorted({name for _, _, name, _ in rows if name is not None}))
        places: dict[str | None, int] = {None: -1, **{name: place for place, name in enumerate(names)}}
        return cls(
            names,
            np.array([account for account, *_ in rows], dtype=np.int64),
            np.array([until for _, until, *_ in rows], dtype=np.float64),
            np.array([places[name] for _, _, name, _ in rows], dtype=np.int64),
            np.array([day for *_, day in rows], dtype=np.float64),
        )

    def as_then(self, facts: Facts) -> Facts:
        """Return the facts with segment and renewal as they stood then."""
        rows, kept = self._found(facts.account_ids, facts.as_of)
        renews_on, segment = facts.columns["renews_on"].copy(), facts.columns["segment"].copy()
        renewing = ~np.isinf(self.renews_on[kept])
        renews_on[rows[renewing]] = self.renews_on[kept[renewing]]
        named = self.segment[kept] >= 0
        codes = np.array([float(crc32(name.encode())) for name in self.segments], dtype=np.float64)
        segment[rows[named]] = codes[self.segment[kept[named]]]
        return replace(facts, columns=facts.columns | {"renews_on": renews_on, "segment": segment})

    def segment_then(
        self, account_ids: Integers, now: Integers, names: Sequence[str], moment: datetime.datetime
    ) -> Integers:
        """Return each account's segment then as a place in `names`; `now` holds those of today."""
        rows, kept = self._found(account_ids, moment)
        named = self.segment[kept] >= 0
        places = np.array([names.index(name) for name in self.segments], dtype=np.int64)
        then = now.copy()
        then[rows[named]] = places[self.segment[kept[named]]]
        return then

    def _found(self, account_ids: Integers, moment: datetime.datetime) -> tuple[Integers, Integers]:
        """Return the places of accounts that stood otherwise then, and where what stood is kept."""
        later: Truths = (self.until > moment.timestamp()) & np.isin(self.account_id, account_ids)
        candidates = np.flatnonzero(later)
        found, first = np.unique(self.account_id[candidates], return_index=True)
        return np.searchsorted(account_ids, found), candidates[first]


def _known(rows: list[tuple[Any, ...]]) -> list[tuple[int, float, str | None, float]]:
    """Return what was kept of one account, with what the next row knows where the first was empty."""
    account, until, segment, renews_on = rows[0]
    following: tuple[str | None, float] = (None, np.inf)
    if len(rows) > 1:
        following = (rows[1][2], np.nan if rows[1][3] is None else rows[1][3])
    first = (account, until, segment or following[0], following[1] if renews_on is None else renews_on)
    return [first, *((one, end, name, np.nan if day is None else day) for one, end, name, day in rows[1:])]
