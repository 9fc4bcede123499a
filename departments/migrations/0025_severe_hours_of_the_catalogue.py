"""Hours for severe incidents of the shipped types, where the company has set none; and what it set made whole.

Deadlines that were given stay. Where only one of the two hours was set, the other becomes that of any incident, which it
meant before.
"""

from django.db import migrations
from django.db.models import F, Q

from departments import seeds


def give(apps, schema_editor):
    types = apps.get_model("departments", "FrictionType").objects
    either = Q(severe_answer_hours__isnull=False) | Q(severe_resolve_hours__isnull=False)
    types.filter(either, severe_answer_hours=None).update(severe_answer_hours=F("answer_hours"))
    types.filter(either, severe_resolve_hours=None).update(severe_resolve_hours=F("resolve_hours"))
    types.filter(severe_answer_hours=0).update(severe_answer_hours=1)
    types.filter(severe_resolve_hours=0).update(severe_resolve_hours=1)
    types.filter(severe_from__lt=0).update(severe_from=0)
    types.filter(severe_from__gt=1).update(severe_from=1)
    seeds.plant_severe_hours(apps)


class Migration(migrations.Migration):
    dependencies = [("departments", "0024_desks_of_parts")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
