"""Whether a rate fell: two counts over what they were counted against, and what can honestly be said of them."""

from dataclasses import dataclass

from scipy.stats import binomtest

LEVEL = 0.95
# “Did not fall” is only said where a fall by a fifth or more is ruled out.
NOTICEABLE = 0.8

FELL, DID_NOT_FALL, TOO_FEW = "fell", "did_not_fall", "too_few"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rate after over the rate before, with its 95 % interval; None where it is not known or has no end."""

    ratio: float | None
    low: float | None
    high: float | None
    verdict: str


def compare(*, before: int, exposure_before: float, after: int, exposure_after: float) -> Comparison:
    """Return the ratio of two Poisson rates (after / before) with its exact conditional 95 % interval.

    Given the sum n of both counts, the later one is binomial with n and π = ρe₂ / (e₁ + ρe₂), where ρ is the ratio and
    e₁, e₂ are the exposures; the Clopper-Pearson interval of π gives that of ρ. It never claims more than 95 %, however
    few the counts. Source: J. Przyborowski and H. Wilenski, “Homogeneity of results in testing samples from Poisson
    series”, Biometrika 31 (1940) 313-323; C. Clopper and E. Pearson, Biometrika 26 (1934) 404-413.

    Counts are whole and not negative, exposures positive; without exposure or without any count, nothing is known.
    """
    if min(exposure_before, exposure_after) <= 0 or before + after == 0:
        return Comparison(None, None, None, TOO_FEW)
    interval = binomtest(after, before + after).proportion_ci(LEVEL, method="exact")
    per_odds = exposure_before / exposure_after
    ratio = after / before * per_odds if before else None
    low = interval.low / (1 - interval.low) * per_odds
    high = interval.high / (1 - interval.high) * per_odds if before else None
    return Comparison(ratio, float(low), None if high is None else float(high), verdict(float(low), high))


def verdict(low: float, high: float | None) -> str:
    """Return what the interval allows one to say: fell, did not fall (by a fifth or more), or too few to tell."""
    if high is not None and high < 1:
        return FELL
    return DID_NOT_FALL if low > NOTICEABLE else TOO_FEW
