"""What is to be simulated, and when: the one place where days become dates."""

import datetime
import functools
import math
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DAYS_IN_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the company is and which day is today.

    Days are counted from the first simulated one, 0; `days` is today, of which nothing has happened yet.
    The same plan always gives the same company.
    """

    today: datetime.date
    seed: int = 7_411
    accounts: int = 1_200
    months: int = 24

    @property
    def days(self) -> int:
        """Return the number of simulated days, which is today's number."""
        return round(self.months * DAYS_IN_A_MONTH)

    @property
    def edges(self) -> Integers:
        """Return the days on which months begin, today at the end. Shape (months + 1,)."""
        return np.round(np.arange(self.months + 1) * DAYS_IN_A_MONTH).astype(np.int64)

    def stream(self, name: str) -> np.random.Generator:
        """Return the random numbers of one part of the company, so that no part disturbs another's."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def date(self, day: float) -> datetime.date:
        """Return the calendar day of a day's number."""
        return self.today + datetime.timedelta(days=math.floor(day) - self.days)

    def workday(self, day: Floats) -> Floats:
        """Return the days, those on a Saturday or Sunday moved back to the Friday before."""
        weekday = (np.floor(day) + (self.today.weekday() - self.days)) % 7
        return np.asarray(np.maximum(day - np.maximum(weekday - 4.0, 0.0), 0.3), dtype=np.float64)

    def office_hours(self, day: float) -> float:
        """Return the moment in office hours that stands for one at any hour of the day; Monday for a weekend."""
        whole = math.floor(day)
        weekday = (whole + self.today.weekday() - self.days) % 7
        later = 7 - weekday if weekday > 4 else 0
        return whole + later + 0.36 + 0.34 * (day - whole)

    def moment(self, day: float) -> datetime.datetime:
        """Return the moment (UTC) of a day's number with a fraction, to the minute."""
        return _midnight(self.today) + datetime.timedelta(minutes=math.floor((day - self.days) * 1440))

    def at(self, date: datetime.date, minutes: float) -> datetime.datetime:
        """Return the moment (UTC) so many minutes after a day has begun."""
        return _midnight(date) + datetime.timedelta(minutes=int(minutes))


@functools.lru_cache
def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time(), tzinfo=datetime.UTC)
