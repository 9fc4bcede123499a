"""The departments, the catalogue of friction and the rules that a company begins with."""

from django.db import migrations

from departments import seeds


def plant(apps, schema_editor):
    seeds.plant(apps)


def uproot(apps, schema_editor):
    seeds.uproot(apps)


class Migration(migrations.Migration):
    dependencies = [("departments", "0003_morning_mail")]

    operations = [migrations.RunPython(plant, uproot)]
