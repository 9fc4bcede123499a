"""The portfolio: who to save, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from accounts.models import Account
from accounts.segments import segments_on_record
from departments.http import PersonRequest
from departments.models import Capability, Incident, Person, Role
from departments.prepared import departments_by_slug
from retention.dashboards.everywhere import model_in_force, saved_views
from retention.dashboards.kept import Reading
from retention.dashboards.periods import DAY
from retention.dashboards.portfolio_care import RISES, USUAL_SNOOZE
from retention.dashboards.portfolio_choices import (
    DEFAULT_SORT,
    PortfolioFilters,
    all_owners,
    chosen_sort,
    chosen_tab,
    in_order,
    in_tab,
    owners_of,
    segments_of,
)
from retention.dashboards.portfolio_kept import EVERYTHING, Counted
from retention.dashboards.portfolio_moves import reasons_of_movement
from retention.dashboards.portfolio_narrowed import NARROWED
from retention.dashboards.portfolio_rows import Row, rows_of
from retention.dashboards.portfolio_sets import (
    TAB_MEANINGS,
    TABS,
    covered_absences,
    incident_counts,
    looked_after,
    own_incident_counts,
)
from retention.dashboards.portfolio_tiles import Sources, tiles
from retention.dashboards.portfolio_totals import Totals, totals

if TYPE_CHECKING:
    AccountPaginator = Paginator[Account]
else:
    AccountPaginator = Paginator

ROWS_A_PAGE = 25
SHOWN_IF_ANY = frozenset({"snoozed", "left"})


@dataclass(frozen=True)
class Tab:
    """One tab with its count."""

    label: str
    url: str
    count: int
    meaning: str
    is_current: bool
    is_urgent: bool = False


class CountedPaginator(AccountPaginator):
    """Pages of accounts that have been counted already, with the tabs."""

    def __init__(self, accounts: QuerySet[Account], count: int) -> None:
        super().__init__(accounts, ROWS_A_PAGE)
        self.known_count = count

    @cached_property
    def count(self) -> int:
        """Return how many rows there are in all."""
        return self.known_count


class Portfolio:
    """One reading of a portfolio: whose it is, and what was chosen."""

    def __init__(self, request: PersonRequest) -> None:
        if not request.user.can(Capability.SEE_PORTFOLIO):
            raise PermissionDenied("Portfolios are for those who look after accounts, and for executives.")
        self.person: Person = request.user
        self.query = request.GET
        self.path = request.get_full_path()
        self.tab = chosen_tab(request.GET.dict())
        self.sort = chosen_sort(request.GET.dict())
        self.model = model_in_force()
        self.departments = departments_by_slug()
        self.accounts = looked_after(self.person)
        self.filters = PortfolioFilters(request.GET, departments=self.departments.values(), **self._offered())

    def _offered(self) -> dict[str, Any]:
        if self.is_everybodys:
            return {"segments": segments_on_record(), "owners": all_owners()}
        return {"segments": segments_of(self.person), "owners": owners_of(self.person)}

    @cached_property
    def counted(self) -> Reading[Counted] | None:
        """Return what is kept of all accounts, or of those that were chosen of them; to whoever sees them all."""
        if not self.is_everybodys:
            return None
        if not self.filters.query:
            return EVERYTHING.kept(timezone.now())
        kept = NARROWED.kept_of(Counted, self.filters.query, timezone.now())
        return None if kept is None or kept.figures is None else Reading(kept.figures, kept.as_of, is_kept=True)

    @cached_property
    def filtered(self) -> QuerySet[Account]:
        """Return the accounts that fit the filters, whatever their tab."""
        return self.filters.apply(self.accounts, self.model)

    @property
    def chosen(self) -> QuerySet[Account]:
        """Return the accounts of the tab that fit the filters, in order."""
        return in_order(in_tab(self.filtered, self.tab), self.sort)

    @cached_property
    def is_everybodys(self) -> bool:
        """Return whether the person sees all accounts rather than their own, and so sets none aside."""
        return self.person.open_book_account_ids() is None and not self.person.can(Capability.SNOOZE)

    def rows(self, accounts: Sequence[Account]) -> list[Row]:
        """Return the lines of accounts: their top reason, or in the tab of what moved why they did."""
        reasons = reasons_of_movement(accounts) if self.tab == "moved" else {}
        return rows_of(accounts, self.departments, self.model, reasons)

    def page(self, count: int) -> Page[Account]:
        """Return the page that was asked for, of `count` rows in all; the nearest one where it does not exist."""
        page = CountedPaginator(self.chosen, count).get_page(self.query.get("page"))
        counted = self.counted.figures if self.counted and self.sort == DEFAULT_SORT else None
        keys = counted.on_page(self.tab, page.number, ROWS_A_PAGE) if counted else None
        if keys is None and self.is_everybodys:
            # What a row shows is ten times as wide as what puts it in its place among all accounts.
            before = (page.number - 1) * ROWS_A_PAGE
            keys = list(self.chosen.values_list("pk", flat=True)[before : before + ROWS_A_PAGE])
        if keys is not None:
            # Which accounts are on the page is known; whether they belong here, and in which order, is asked anew.
            page.object_list = in_order(in_tab(self.filtered.filter(pk__in=keys), self.tab), self.sort)
        return page

    def totals(self) -> Totals:
        """Return what the accounts that fit the filters add up to."""
        return self.counted.figures.totals if self.counted else totals(self.filtered, self.model)

    def incident_counts(self) -> Mapping[str, int]:
        """Return how many incidents are open at those that have not left."""
        if self.counted:
            return self.counted.figures.incidents
        if not self.filters.query:
            return own_incident_counts(self.person)
        return incident_counts(Incident.objects.visible_to(self.person), self.filtered.filter(left_on=None))


@require_safe
def show_portfolio(request: PersonRequest) -> HttpResponse:
    """Show the accounts that the person looks after, or all of them to those who see everything."""
    return render(request, "dashboards/portfolio.html", context_of(Portfolio(request)))


def context_of(portfolio: Portfolio) -> dict[str, Any]:
    """Return what the page shows."""
    sums = portfolio.totals()
    page = portfolio.page(sums.tabs[portfolio.tab])
    return {
        "portfolio": portfolio,
        "page": page,
        "rows": portfolio.rows(list(page.object_list)),
        "totals": sums,
        "counted_at": portfolio.counted.as_of if portfolio.counted else None,
        "tiles": tiles(
            sums,
            portfolio.incident_counts(),
            Sources(
                everything=_url(portfolio, tab="all", sort=None, page=None),
                avoidable=_url(portfolio, tab="all", sort="-avoidable", page=None),
                at_risk=_url(portfolio, tab="at_risk", page=None),
                incidents=reverse("portfolio_incidents")
                + (f"?{portfolio.filters.query}" if portfolio.filters.query else ""),
            ),
        ),
        "tabs": _tabs(portfolio, sums),
        "tab_meaning": TAB_MEANINGS[portfolio.tab],
        "covers": covered_absences(portfolio.person),
        "saved_views": saved_views(portfolio.person, "portfolio"),
        "shown_query": _query(portfolio, page=None),
        "columns": _columns(portfolio),
        "successors": _successors(portfolio.person),
        "may_snooze": portfolio.person.can(Capability.SNOOZE),
        "rises": RISES,
        "first_day": timezone.localdate() + DAY,
        "usual_day": timezone.localdate() + USUAL_SNOOZE,
    }


def _tabs(portfolio: Portfolio, sums: Totals) -> list[Tab]:
    return [
        Tab(
            label,
            _url(portfolio, tab=tab, page=None),
            sums.tabs[tab],
            TAB_MEANINGS[tab],
            is_current=tab == portfolio.tab,
        )
        for tab, label in TABS.items()
        if tab not in SHOWN_IF_ANY or sums.tabs[tab] or portfolio.tab == tab
    ]


@dataclass(frozen=True)
class Column:
    """A heading to sort by."""

    label: str
    url: str
    is_figure: bool
    direction: str


# What is sorted the largest first, and what the smallest first, when its heading is followed.
COLUMNS = (
    ("name", "Account", "name", False),
    ("risk", "Risk", "-risk", True),
    ("moved", "7 days", "-moved", True),
    ("revenue", "Annual revenue", "-revenue", True),
    ("revenue_at_risk", "Revenue at risk", "-revenue_at_risk", True),
    ("", "Whose friction", "", False),
    ("", "Top reason", "", False),
    ("renews", "Renews", "renews", False),
    ("contact", "Last contact", "contact", True),
)


def _columns(portfolio: Portfolio) -> list[Column]:
    return [
        Column(
            _risk_words(portfolio) if name == "risk" else label,
            _sort_url(portfolio, first),
            is_figure,
            _direction(portfolio.sort, name),
        )
        for name, label, first, is_figure in COLUMNS
    ]


def _risk_words(portfolio: Portfolio) -> str:
    return "Risk of leaving" if portfolio.model and portfolio.model.is_backtested else "Risk index"


def _sort_url(portfolio: Portfolio, first: str) -> str:
    if not first:
        return ""
    turned = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    sort = turned if portfolio.sort == first else first
    return _url(portfolio, sort=None if sort == DEFAULT_SORT else sort, page=None)


def _direction(sort: str, name: str) -> str:
    if not name or sort.removeprefix("-") != name:
        return ""
    return "descending" if sort.startswith("-") else "ascending"


def _url(portfolio: Portfolio, **changes: str | None) -> str:
    return _with_query(reverse("portfolio"), _query(portfolio, **changes))


def _with_query(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


def _query(portfolio: Portfolio, **changes: str | None) -> str:
    """The query of the page as it is shown, with some of it changed or, by None, left out."""
    query = portfolio.query.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return query.urlencode()


def _successors(person: Person) -> list[Person]:
    if not person.can(Capability.ASSIGN_ACCOUNTS):
        return []
    fitting = Person.objects.filter(is_active=True, role__in=[Role.ACCOUNT_MANAGER, Role.SERVICE_DESK])
    return list(fitting)
