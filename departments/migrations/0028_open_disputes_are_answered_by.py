"""A day for disputes that were open before each had one: from now on, as long as the type gives.

Its working hours are stretched over the week, forty of them on its seven days, since the departments' calendars are the
application's to read; whoever says something next gives the other side its day by that one's own calendar.
"""

import datetime

from django.db import migrations
from django.utils import timezone

STRETCHED = 7 * 24 / 40


def hours_to_answer(incident):
    kind = incident.friction_type
    is_severe = kind.severe_answer_hours is not None and incident.severity >= kind.severe_from
    return kind.severe_answer_hours if is_severe else kind.answer_hours


def give(apps, schema_editor):
    now = timezone.now()
    disputes = apps.get_model("departments", "Dispute").objects.filter(ended_at=None, answer_due_at=None)
    found = list(disputes.select_related("incident__friction_type"))
    for dispute in found:
        hours = hours_to_answer(dispute.incident) * STRETCHED
        dispute.answer_due_at = now + datetime.timedelta(hours=hours)
    apps.get_model("departments", "Dispute").objects.bulk_update(found, ["answer_due_at"], batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("departments", "0027_disputes_are_answered_by")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
