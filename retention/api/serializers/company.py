"""How the company is arranged: who is away, who looks after whom, when departments work."""

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from departments.actions.calendars import Hours
from departments.models import Absence, ClosingDay, Person, WorkingCalendar, WorkingSpan
from departments.models.calendar import MINUTES_A_DAY
from retention.api.serializers.common import PersonName, public_id
from retention.api.serializers.inputs import AnyById, ManyById

MOST_ACCOUNTS = 1_000


class AbsenceSerializer(serializers.ModelSerializer[Absence]):
    """A person is away, both days included."""

    id = public_id()
    person = PersonName(read_only=True)
    covered_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Absence
        fields = ["id", "person", "starts_on", "ends_on", "covered_by"]
        read_only_fields = fields


class OwnAbsence(serializers.Serializer[Any]):
    """When the caller is away, and who covers."""

    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    covered_by = AnyById(Person.objects.all(), required=False, allow_null=True, default=None)


class AccountsAssigned(serializers.Serializer[Any]):
    """Accounts, and who looks after them from today."""

    accounts = ManyById(Account.objects.all(), allow_empty=False, max_length=MOST_ACCOUNTS)
    person = AnyById(Person.objects.all())


class AssignedSerializer(serializers.Serializer[Any]):
    """How many accounts were given to the person."""

    assigned = serializers.IntegerField()


class ShiftSerializer(serializers.ModelSerializer[WorkingSpan]):
    """One shift, in minutes after midnight."""

    weekday = serializers.IntegerField(min_value=0, max_value=6, help_text="0 for Monday")
    opens = serializers.IntegerField(min_value=0, max_value=MINUTES_A_DAY)
    closes = serializers.IntegerField(min_value=0, max_value=MINUTES_A_DAY)

    class Meta:
        model = WorkingSpan
        fields = ["weekday", "opens", "closes"]


class ClosingDaySerializer(serializers.ModelSerializer[ClosingDay]):
    """A day on which the department alone is closed."""

    class Meta:
        model = ClosingDay
        fields = ["day", "name"]


class HoursSerializer(serializers.ModelSerializer[WorkingCalendar]):
    """When a department works; send it back with its `version`, 0 for a department without hours of its own."""

    version = serializers.IntegerField(min_value=0)
    shifts = ShiftSerializer(many=True, source="spans")
    closing_days = ClosingDaySerializer(many=True, required=False, default=list)

    class Meta:
        model = WorkingCalendar
        fields = ["time_zone", "country", "subdivision", "shifts", "closing_days", "version"]

    def arguments(self) -> dict[str, Any]:
        """Return what the action is given."""
        given = self.validated_data
        shifts: dict[int, list[tuple[int, int]]] = {}
        for shift in given["spans"]:
            shifts.setdefault(shift["weekday"], []).append((shift["opens"], shift["closes"]))
        hours = Hours(
            time_zone=given["time_zone"],
            country=given.get("country", ""),
            subdivision=given.get("subdivision", ""),
            shifts={weekday: sorted(spans) for weekday, spans in shifts.items()},
            closing_days={closing["day"]: closing.get("name", "") for closing in given["closing_days"]},
        )
        return {"hours": hours, "version": given["version"]}
