"""The panel that a company learns from: many accounts, each seen on some days, and whether it left after.

A row is one account at one origin (an account-month where origins are a month apart). Nothing here knows a database
or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from retention.scoring.engine import Floats, Inputs, ScoringModel
from retention.scoring.rhythm import ContractFacts, OrderFacts

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Panel:
    """n account-months; every array has n rows, in the order of `origin` and then of `account_id`.

    `origin` counts in `origins`, which ascend; `segment` counts in `segments`. `inputs` are what the model that the
    panel was built by weighs; `now` and `before` the orders as known at the origin and when the friction window began;
    `tenure_days` and `days_to_renewal` (infinite without a contract) what the contracts' base rate is made of.
    `is_contract` tells whom the contract's base rate speaks for: everybody who does not buy by order alone. `left` is
    the outcome: the leaving date falls within the horizon, or an account that buys by order alone placed no order in
    it. `revenue` is annual. `loads_by_factor` holds the loads as other half-lives would make them, by the factor on the
    catalogue's; it may be empty.
    """

    origins: tuple[datetime, ...]
    account_id: Integers
    origin: Integers
    inputs: Inputs
    now: OrderFacts
    before: OrderFacts
    tenure_days: Floats
    days_to_renewal: Floats
    is_contract: Truths
    left: Truths
    segments: tuple[str, ...]
    segment: Integers
    revenue: Floats
    loads_by_factor: Mapping[float, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.account_id)

    @property
    def leavers(self) -> int:
        """How many accounts left, each counted once."""
        return len(np.unique(self.account_id[self.left]))

    @property
    def contract_facts(self) -> ContractFacts:
        """What a contract's base rate is made of."""
        return ContractFacts(self.tenure_days, self.days_to_renewal, self.before.orders_in_a_year)

    def chosen(self, which: Truths) -> Panel:
        """The rows of a mask (n,); origins and segments keep their numbers."""
        columns = {name: getattr(self, name)[which] for name in ROW_COLUMNS}
        return replace(
            self,
            **columns,
            inputs=chosen_inputs(self.inputs, which),
            now=chosen(self.now, which),
            before=chosen(self.before, which),
            loads_by_factor={factor: loads[which] for factor, loads in self.loads_by_factor.items()},
        )

    def of_origins(self, first: int, end: int) -> Panel:
        """The rows of the origins from number `first` up to, but without, number `end`."""
        return self.chosen((self.origin >= first) & (self.origin < end))

    def members(self) -> dict[str, Floats]:
        """Who is in which segment, 1 or 0 by its name; accounts without one are in none."""
        return {name: (self.segment == code).astype(np.float64) for code, name in enumerate(self.segments) if name}

    def by_model(self, model: ScoringModel) -> Panel:
        """The same rows, their baseline and symptom by another model's rhythm and contract base."""
        return replace(self, inputs=with_rhythm_of(self, model))

    @classmethod
    def joined(cls, parts: Sequence[Panel]) -> Self:
        """Several panels of the same origins, departments and segments as one, row after row."""
        first = parts[0]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ROW_COLUMNS}
        return cls(
            origins=first.origins,
            segments=first.segments,
            inputs=joined_inputs([part.inputs for part in parts]),
            now=joined([part.now for part in parts]),
            before=joined([part.before for part in parts]),
            loads_by_factor={
                factor: np.concatenate([part.loads_by_factor[factor] for part in parts])
                for factor in first.loads_by_factor
            },
            **columns,
        )


ROW_COLUMNS = (
    *("account_id", "origin", "tenure_days", "days_to_renewal", "is_contract", "left", "segment", "revenue"),
)


def joined(parts: Sequence[OrderFacts]) -> OrderFacts:
    """The order facts of several snapshots, one after the other."""
    columns = ([getattr(part, field.name) for part in parts] for field in fields(OrderFacts))
    return OrderFacts(*(np.concatenate(column) for column in columns))


def chosen(facts: OrderFacts, which: Truths) -> OrderFacts:
    """The order facts of some of the accounts."""
    return OrderFacts(*(getattr(facts, field.name)[which] for field in fields(OrderFacts)))


def chosen_inputs(inputs: Inputs, which: Truths) -> Inputs:
    """The features of some of the accounts."""
    return Inputs(**{field.name: _rows(getattr(inputs, field.name), which) for field in fields(Inputs)})


def _rows(value: Any, which: Truths) -> Any:
    if isinstance(value, np.ndarray):
        return value[which]
    return {key: column[which] for key, column in value.items()} if isinstance(value, dict) else value


def joined_inputs(parts: Sequence[Inputs]) -> Inputs:
    """The features of several snapshots, one after the other; all must have the same departments and care terms."""
    return Inputs(
        **{field.name: _one_after_another([getattr(part, field.name) for part in parts]) for field in fields(Inputs)}
    )


def _one_after_another(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(values)
    if isinstance(first, dict):
        return {key: np.concatenate([value[key] for value in values]) for key in first}
    return first


def with_rhythm_of(panel: Panel, model: ScoringModel) -> Inputs:
    """The panel's features, with baseline and symptom as a model's rhythm and contract base give them, and who is in
    which segment."""
    before = model.rhythm.log_odds(panel.before, model.horizon_days)
    since = model.rhythm.log_odds(panel.now, model.horizon_days) - before
    base = model.contract.log_odds(panel.contract_facts, model.horizon_days)
    return replace(
        panel.inputs,
        rhythm_before=np.where(panel.is_contract, 0.0, before),
        contract=np.where(panel.is_contract, base, 0.0),
        # One order a contract began with is no rhythm that could fall.
        rhythm_since=np.where(~panel.is_contract | (panel.before.repeat_orders > 0), since, 0.0),
        segments=panel.members(),
    )
