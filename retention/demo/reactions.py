"""What the departments of the demo company did about each trouble: answered, passed on, disputed, put right.

Times are day numbers. A trouble that looks like another department's lies first with that one, which passes it on,
mostly rightly; now and then one is passed on wrongly and comes back.
"""

from dataclasses import dataclass, replace

import numpy as np

from retention.demo.company import Company
from retention.demo.formula import DEPARTMENTS
from retention.demo.plan import Plan
from retention.demo.troubles import TROUBLES
from retention.demo.words import pick

Random = np.random.Generator

# Who blames whom without reason, now and then.
BLAMES: dict[str, str] = {
    "shipping": "operations",
    "billing": "sales",
    "manufacturing": "procurement",
    "warranty": "manufacturing",
    "customer_service": "phone_system",
    "marketing": "product_development",
    "sales": "marketing",
    "design_engineering": "product_development",
    "procurement": "manufacturing",
    "operations": "shipping",
}
BLAMED_WRONGLY = 0.07
ASKED_AGAIN = 0.4
ACCEPTED_AT_ONCE = 0.6
SHARED = 0.25
# By department: median hours until somebody answers.
ANSWER_HOURS: dict[str, float] = {"legal": 40.0, "corporate": 60.0, "product_development": 50.0, "billing": 30.0}
USUAL_ANSWER_HOURS = 16.0
LEFT_LYING = 0.07


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: `verb` as in an incident's record; the rest is filled as the verb needs it."""

    day: float
    verb: str
    department: str
    words: str = ""
    to: str = ""
    reason: str = ""
    share: float = 1.0
    cause: str = ""


def work(company: Company) -> list[list[Step]]:
    """Return what was done about each trouble by today, in order of time."""
    random, plan, events = company.plan.stream("reactions"), company.plan, company.course.events
    rows = zip(
        events.trouble.tolist(), events.department.tolist(), events.day.tolist(), events.resolved.tolist(), strict=True
    )
    return [
        _by_day(plan, day, _story(plan, TROUBLES[trouble].department, DEPARTMENTS[cause], day, resolved, random))
        for trouble, cause, day, resolved in rows
    ]


def _by_day(plan: Plan, day: float, story: list[Step]) -> list[Step]:
    """Return the steps done by today, moved into office hours, each some minutes after the one before at least."""
    moved, earliest = [], day + 0.3
    for step in story:
        at = max(plan.office_hours(step.day), earliest)
        if at < plan.days:
            moved.append(replace(step, day=at))
        earliest = at + 0.004
    return moved


def _story(plan: Plan, holder: str, cause: str, day: float, resolved: float, random: Random) -> list[Step]:
    """Return everything that will be done about one trouble, some of it perhaps only after today."""
    times = _Times(plan, day, resolved, random)
    steps = _answered(holder, cause, times, random)
    last = steps[-1]
    keeper = last.department if last.verb != "handed_off" else holder
    if last.verb == "returned":
        keeper = last.to
        steps.append(Step(times.dispute(), "accepted", keeper))
    if random.random() < 0.8:
        steps.append(Step(times.next(), "assigned", keeper))
    steps.append(_resolution(keeper, max(resolved, times.now + 0.05), random))
    return steps


class _Times:
    """Moments of one trouble's story, one after the other, within what is left of its time."""

    def __init__(self, plan: Plan, day: float, resolved: float, random: Random) -> None:
        self.plan, self.random, self.now = plan, random, day
        self.longest = max((resolved - day) / 4.0, 0.04)

    def answer(self, department: str) -> float:
        """Return when a department first answers."""
        hours = ANSWER_HOURS.get(department, USUAL_ANSWER_HOURS) * float(self.random.lognormal(0.0, 0.7))
        forgotten = self.random.random() < LEFT_LYING
        self.now += self.longest * 3.0 if forgotten else min(hours / 24.0, self.longest * 2.0)
        return self.now

    def dispute(self) -> float:
        """Return when the other department answers, which takes its time."""
        self.now += float(self.random.uniform(1.0, 4.0)) * self.longest
        return self.now

    def next(self) -> float:
        """Return when the next thing happens."""
        self.now += float(self.random.uniform(0.2, 1.5)) * self.longest
        return self.now


def _answered(holder: str, cause: str, times: _Times, random: Random) -> list[Step]:
    """Return the steps until one department has taken the trouble on, or has got it back."""
    if cause != holder:
        return _passed_on(holder, cause, times, random)
    blamed = BLAMES.get(holder)
    if blamed is not None and random.random() < BLAMED_WRONGLY:
        return [*_asked(holder, blamed, times, random), _returned(blamed, holder, times, random)]
    return [Step(times.answer(holder), "accepted", holder)]


def _passed_on(holder: str, cause: str, times: _Times, random: Random) -> list[Step]:
    """The true cause takes it on in the end; not always at once, and sometimes it is asked in vain."""
    steps = _asked(holder, cause, times, random)
    if random.random() < ACCEPTED_AT_ONCE:
        return [*steps, Step(times.dispute(), "hand_off_accepted", cause, pick(random, AGREED))]
    steps.append(_returned(cause, holder, times, random))
    if random.random() < ASKED_AGAIN:
        steps += [
            *_asked(holder, cause, times, random),
            Step(times.dispute(), "hand_off_accepted", cause, pick(random, AGREED)),
        ]
    return steps


def _asked(holder: str, to: str, times: _Times, random: Random) -> list[Step]:
    share = 0.5 if random.random() < SHARED else 1.0
    reason = "shared_cause" if share < 1 else pick(random, ("caused_elsewhere", "only_they_can_fix"))
    words = pick(random, SHARED_WORDS if share < 1 else ASKING_WORDS)
    return [Step(times.answer(holder), "handed_off", holder, words, to, reason, share)]


def _returned(department: str, to: str, times: _Times, random: Random) -> Step:
    return Step(times.dispute(), "returned", department, pick(random, RETURNING_WORDS), to)


def _resolution(department: str, day: float, random: Random) -> Step:
    words = pick(random, RESOLUTIONS.get(department, USUAL_RESOLUTIONS))
    return Step(day, "resolved", department, words, cause=_cause(department, random))


def _cause(department: str, random: Random) -> str:
    """Return a cause; the first of a department's list is the most common."""
    names = CAUSES[department]
    return names[int(len(names) * float(random.random()) ** 2)]


ASKING_WORDS = (
    "The goods left us as they came to us; it went wrong before.",
    "We have the record: this was caused in your part of the work.",
    "Only you can change this.",
    "Same pattern as last month, and it was yours then.",
)
SHARED_WORDS = ("We share this one: the start was yours, the delay was ours.", "Half of this lies with you.")
RETURNING_WORDS = (
    "Our log shows nothing of the kind.",
    "This was right when we passed it on.",
    "Please look at your own checks first.",
    "Not ours: the type is wrong.",
)
AGREED = ("Agreed, ours.", "We take it.", "Yes, that was us.", "Taken on; we tell the customer.")
USUAL_RESOLUTIONS = (
    "Put right and told the customer.",
    "Corrected, customer called and content.",
    "Explained and corrected; agreed with the customer.",
)
RESOLUTIONS: dict[str, tuple[str, ...]] = {
    "shipping": ("Sent again by express.", "Collected and replaced.", "Missing parts sent the same day."),
    "billing": ("Invoice corrected and sent again.", "Credit issued.", "Reminder withdrawn with an apology."),
    "phone_system": ("Called back the same day.", "Direct number given.", "Menu shortened for this line."),
    "manufacturing": ("Replaced from the next batch.", "Reworked and inspected.", "Batch checked, customer told."),
    "procurement": ("Component replaced by the specified one.", "Part bought elsewhere."),
    "warranty": ("Repaired and returned.", "Replaced without discussion.", "Claim accepted after review."),
    "legal": ("Clause changed.", "Answered the redline in a call.", "Short version sent."),
    "operations": ("Order entered again and confirmed.", "Data corrected.", "Portal back, customer told."),
    "product_development": ("New date agreed and kept.", "Delivered.", "Early access given."),
}
CAUSES: dict[str, tuple[str, ...]] = {
    "shipping": ("Carrier missed pickup", "Picked from the wrong bin", "Weak packaging", "No stock at the hub"),
    "phone_system": ("Too few lines", "Menu has no entry for it", "Transfer list out of date", "Line failure"),
    "customer_service": ("No owner for call backs", "Knowledge base out of date", "Understaffed", "Training"),
    "billing": (
        "Price list not updated",
        "Address taken from the wrong record",
        "Payment not matched",
        "Typed by hand",
    ),
    "legal": ("Standard clauses too strict", "Review queue", "No plain version"),
    "manufacturing": ("Step left out", "Tool worn", "Process not held", "Inspection skipped"),
    "procurement": ("Cheaper supplier chosen", "No second source", "Lead time too short"),
    "design_engineering": ("Never tried with customers", "Manual not written", "Interface changed"),
    "warranty": ("Part failed early", "Workshop full", "Terms read too strictly"),
    "marketing": ("Campaign ahead of the product", "Price without conditions", "Old brochure"),
    "corporate": ("Decided without sales", "Quarter's target", "Promise without owner"),
    "sales": ("Territory without owner", "Use not asked for", "Representative away"),
    "operations": ("Copied by hand between systems", "Portal update", "Master data wrong"),
    "product_development": ("Scope grew", "Developers moved to another project", "Tested too late"),
}
