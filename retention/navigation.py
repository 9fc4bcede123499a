"""Where a person may go: one list that the menu, the landing page and the keys read."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from departments.models import Capability, Person, Role
from retention.formatting import organisation


@dataclass(frozen=True)
class Destination:
    """A page of the menu: who may open it (None: everybody), whose dashboard it is, which addresses lie beneath it."""

    url_name: str
    label: str
    icon: str
    capability: Capability | None = None
    home_of: frozenset[str] = frozenset()
    beneath: tuple[str, ...] = ()


@dataclass(frozen=True)
class MenuItem:
    """A destination as one page's menu shows it."""

    url: str
    label: str
    icon: str
    is_current: bool


# In the order of the menu.
DESTINATIONS: tuple[Destination, ...] = (
    Destination(
        "portfolio",
        "Portfolio",
        "briefcase",
        Capability.SEE_PORTFOLIO,
        frozenset({Role.ACCOUNT_MANAGER, Role.ADMINISTRATOR}),
        ("/accounts/", "/recoveries/", "/overrides", "/report"),
    ),
    Destination(
        "desk",
        "Service desk",
        "phone-call",
        Capability.SEE_DESK,
        frozenset({Role.SERVICE_DESK}),
    ),
    Destination(
        "triage",
        "Triage",
        "inbox",
        Capability.SEE_TRIAGE,
        frozenset({Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MEMBER}),
        ("/incidents/", "/problems", "/cures", "/rulings", "/departments/"),
    ),
    Destination(
        "scorecard",
        "Scorecard",
        "chart-bar",
        Capability.SEE_SCORECARD,
        frozenset({Role.EXECUTIVE}),
    ),
    Destination("rules", "Rules", "radar", Capability.KEEP_RULES),
    Destination("imports", "Imports", "database-import", Capability.IMPORT_RECORDS),
    Destination("what_if", "What if", "question-mark"),
    Destination("method", "Method", "math-function"),
)


def open_to(person: Person) -> list[Destination]:
    """Return what the person may open, in the order of the menu."""
    return [place for place in DESTINATIONS if place.capability is None or person.can(place.capability)]


def home_of(person: Person) -> str:
    """Return the name of the page on which the person lands."""
    places = open_to(person)
    own = [place.url_name for place in places if person.role in place.home_of]
    return next(iter(own), places[0].url_name if places else "search")


def chrome(request: HttpRequest) -> dict[str, object]:
    """Give every page its menu and the company's name."""
    if not isinstance(getattr(request, "user", None), Person):
        return {}
    person: Person = request.user  # type: ignore[assignment]  # checked above
    return {
        "menu": list(_menu(request, person)),
        "open_pages": {place.url_name for place in open_to(person)},
        "company": organisation(),
        "may_report_friction": person.can(Capability.REPORT_FRICTION),
        "may_configure": person.can(Capability.CONFIGURE),
    }


def _menu(request: HttpRequest, person: Person) -> Iterator[MenuItem]:
    for place in open_to(person):
        url = reverse(place.url_name)
        yield MenuItem(url, place.label, place.icon, is_current=request.path.startswith((url, *place.beneath)))
