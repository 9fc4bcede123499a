"""What is told of the question what if: totals, bands crossed and where most would be kept, found whole or in parts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from retention.scoring.bands import Band
from retention.scoring.what_if import BANDS, Answer

MOST_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Named:
    """An account among those where most would be kept."""

    account_id: int
    before: float
    after: float
    kept: float


@dataclass(frozen=True, slots=True)
class Told:
    """An answer without its single accounts but for the heaviest; money in the organisation's currency a year."""

    incidents: int
    accounts: int
    at_risk_before: float
    at_risk_after: float
    crossings: tuple[tuple[Band, Band, int], ...]
    heaviest: tuple[Named, ...]

    @property
    def total_kept(self) -> float:
        """Return the money kept over all accounts."""
        return self.at_risk_before - self.at_risk_after

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return what is told of an answer."""
        kept = answer.money_kept
        named = (
            Named(int(answer.account_ids[one]), float(answer.before[one]), float(answer.after[one]), float(kept[one]))
            for one in answer.heaviest(MOST_NAMED).tolist()
        )
        return cls(
            answer.incidents,
            len(answer.account_ids),
            answer.at_risk_before,
            answer.at_risk_after,
            tuple(answer.crossings()),
            tuple(named),
        )

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the answer of several sets of accounts, no account in two, as one."""
        pieces = list(parts)
        crossed: Counter[tuple[Band, Band]] = Counter()
        for piece in pieces:
            crossed.update({(one, other): count for one, other, count in piece.crossings})
        ordered = sorted(crossed, key=lambda pair: (-BANDS.index(pair[0]), -BANDS.index(pair[1])))
        named = [one for piece in pieces for one in piece.heaviest]
        return cls(
            sum(piece.incidents for piece in pieces),
            sum(piece.accounts for piece in pieces),
            sum(piece.at_risk_before for piece in pieces),
            sum(piece.at_risk_after for piece in pieces),
            tuple((one, other, crossed[one, other]) for one, other in ordered),
            tuple(sorted(named, key=lambda one: (-one.kept, one.account_id))[:MOST_NAMED]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as it is kept."""
        return asdict(self) | {"crossings": [[one.value, other.value, count] for one, other, count in self.crossings]}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the answer that was kept."""
        crossings = tuple((Band(one), Band(other), count) for one, other, count in kept["crossings"])
        named = tuple(Named(**one) for one in kept["heaviest"])
        return cls(**{**kept, "crossings": crossings, "heaviest": named})
