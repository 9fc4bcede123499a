"""Quarters and windows of days: pure, nothing here reads a clock."""

import datetime
from dataclasses import dataclass
from typing import Self

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quarter:
    """A calendar quarter, by its first day."""

    start: datetime.date

    @classmethod
    def of(cls, day: datetime.date) -> Self:
        """Return the quarter that the day lies in."""
        return cls(datetime.date(day.year, (day.month - 1) // 3 * 3 + 1, 1))

    @property
    def end(self) -> datetime.date:
        """Return the last day."""
        return months_after(self.start, 3) - DAY

    @property
    def before(self) -> "Quarter":
        """Return the quarter before."""
        return Quarter.of(self.start - DAY)

    def __str__(self) -> str:
        return f"Q{(self.start.month + 2) // 3} {self.start.year}"


def months_after(day: datetime.date, months: int) -> datetime.date:
    """Return the same day so many months later (or earlier), the month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = datetime.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return datetime.date(year, month + 1, min(day.day, (following - DAY).day))


def days_words(days: float) -> str:
    """Write a duration in days as people say it: hours below two days."""
    return f"{days * 24:.0f} h" if days < 2 else f"{days:.0f} d"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days up to today, and what it is held against: as much of the stretch before, and its last day.

    `words` say against what; `name` and `name_before` say which stretches they are.
    """

    words: str
    name: str
    name_before: str
    first: datetime.date
    today: datetime.date
    first_before: datetime.date
    same_day_before: datetime.date
    end_before: datetime.date

    @classmethod
    def quarter_to(cls, today: datetime.date) -> Self:
        """Return the quarter so far, against the end of the last one; as many days of it as have passed of this."""
        quarter = Quarter.of(today)
        before = quarter.before
        same_day = min(before.start + (today - quarter.start), before.end)
        return cls("last quarter", str(quarter), str(before), quarter.start, today, before.start, same_day, before.end)

    @classmethod
    def week_to(cls, today: datetime.date) -> Self:
        """Return the seven days up to today, against the seven before."""
        first = today - 6 * DAY
        end = first - DAY
        return cls("last week", "this week", "the week before", first, today, end - 6 * DAY, end, end)
