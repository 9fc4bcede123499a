"""What each department may put at risk in a quarter, a field for each."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from departments.models import Department


class BudgetsForm(forms.Form):
    """An amount for each department, by its slug; `amounts` are those that are set, by department id."""

    def __init__(
        self, *args: Any, departments: Sequence[Department], amounts: Mapping[int, Decimal], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.departments = departments
        for department in departments:
            self.fields[department.slug] = forms.DecimalField(
                label=department.name,
                initial=amounts.get(department.pk),
                required=department.pk in amounts,
                max_digits=14,
                decimal_places=2,
                min_value=Decimal("0.01"),
                error_messages={
                    "required": "Write an amount: a budget that is set can be changed, not left out.",
                    "min_value": "A budget is above zero.",
                },
            )

    def changed(self) -> Iterator[tuple[Department, Decimal]]:
        """Yield the departments whose amount is another than before, with it."""
        for department in self.departments:
            amount = self.cleaned_data[department.slug]
            if amount is not None and department.slug in self.changed_data:
                yield department, amount
