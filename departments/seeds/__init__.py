"""What a company begins with: its own row, departments, the catalogue of friction, the rules that find it.

The lists stand in the TOML files beside this module. A migration writes them once; from then on they are the
company's own, and are changed on the configuration pages.
"""

import tomllib
from pathlib import Path
from typing import Any

from django.apps.registry import Apps

HERE = Path(__file__).parent
Table = dict[str, dict[str, Any]]


def departments() -> Table:
    """Return the departments by slug."""
    return _read("departments")


def friction_types() -> Table:
    """Return the friction types by slug; each says its `department` by slug."""
    return _flat(_read("friction_types"), "department")


def detection_rules() -> Table:
    """Return the rules by slug; each says its `signal_kind`, and its `friction_type` by slug."""
    return _flat(_read("detection_rules"), "signal_kind")


def severe_hours() -> dict[str, dict[str, Any]]:
    """Return by friction type from when one is severe, and the hours that its department then has."""
    return _read("severe_hours")


def plant_severe_hours(apps: Apps) -> None:
    """Give severe incidents hours of their own where the company has not said anything about them yet."""
    types = apps.get_model("departments", "FrictionType").objects
    for slug, fields in severe_hours().items():
        untouched = types.filter(slug=slug, severe_answer_hours=None, severe_resolve_hours=None, severe_from=0.75)
        # Never longer than what the company gives any: it may have shortened those.
        shorter = {"answer_hours__gte": fields["severe_answer_hours"]}
        untouched.filter(resolve_hours__gte=fields["severe_resolve_hours"], **shorter).update(**fields)


def plant(apps: Apps) -> None:
    """Write what is not there yet; what is, stays as the company has made it."""
    apps.get_model("accounts", "Organisation").objects.get_or_create(pk=1)
    _plant_departments(apps.get_model("departments", "Department"))
    _plant_friction_types(apps)
    _plant_rules(apps)


def uproot(apps: Apps) -> None:
    """Take away what was planted; refuses by foreign key where incidents or people depend on it."""
    for model, table in (
        ("DetectionRule", detection_rules()),
        ("FrictionType", friction_types()),
        ("Department", departments()),
    ):
        apps.get_model("departments", model).objects.filter(slug__in=table).delete()


def _plant_departments(model: Any) -> None:
    model.objects.bulk_create(
        (
            model(slug=slug, position=position, **fields)
            for position, (slug, fields) in enumerate(departments().items(), start=1)
        ),
        ignore_conflicts=True,
    )


def _plant_friction_types(apps: Apps) -> None:
    model = apps.get_model("departments", "FrictionType")
    keys = dict(apps.get_model("departments", "Department").objects.values_list("slug", "pk"))
    model.objects.bulk_create(
        (
            model(slug=slug, department_id=keys[fields["department"]], **_less(fields, "department"))
            for slug, fields in friction_types().items()
        ),
        ignore_conflicts=True,
    )


def _plant_rules(apps: Apps) -> None:
    model = apps.get_model("departments", "DetectionRule")
    keys = dict(apps.get_model("departments", "FrictionType").objects.values_list("slug", "pk"))
    model.objects.bulk_create(
        (
            model(slug=slug, friction_type_id=keys[fields["friction_type"]], **_less(fields, "friction_type"))
            for slug, fields in detection_rules().items()
        ),
        ignore_conflicts=True,
    )


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _flat(headings: dict[str, dict[str, Any]], heading_is: str) -> Table:
    return {
        slug: {heading_is: heading, **fields} for heading, table in headings.items() for slug, fields in table.items()
    }


def _less(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}
