"""Those who sign in."""

import datetime
from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from accounts.models import Account
from accounts.models.base import PublicModel
from departments.models.department import Department


class Role(models.TextChoices):
    ACCOUNT_MANAGER = "account_manager", "Account manager"
    SERVICE_DESK = "service_desk", "Service desk"
    DEPARTMENT_HEAD = "department_head", "Department head"
    DEPARTMENT_MEMBER = "department_member", "Department member"
    EXECUTIVE = "executive", "Executive"
    ADMINISTRATOR = "administrator", "Administrator"
    INTEGRATION = "integration", "Integration (another system; never signs in)"


class Capability(models.TextChoices):
    """What a person may do; what may be seen is decided by `visible_to`."""

    REPORT_FRICTION = "report_friction", "Report friction"
    LOG_CONTACT = "log_contact", "Log a contact"
    TAKE_ORDERS = "take_orders", "Take an order on a call"
    WORK_ON_INCIDENTS = "work_on_incidents", "Work on incidents"
    ANSWER_INCIDENTS = "answer_incidents", "Accept, hand off and resolve for a department"
    SEE_PORTFOLIO = "see_portfolio", "See a portfolio"
    SEE_DESK = "see_desk", "See the call list"
    SEE_TRIAGE = "see_triage", "See a triage desk"
    SEE_SCORECARD = "see_scorecard", "See the scorecard"
    SET_BUDGETS = "set_budgets", "Set friction budgets"
    SHARE_SCORECARD = "share_scorecard", "Let people without an account read the scorecard"
    RULE = "rule", "Rule on disputes"
    IMPORT_RECORDS = "import_records", "Import records"
    SEND_FACTS = "send_facts", "Send signals, orders and incidents by the set"
    CONFIGURE = "configure", "Change configuration, people and models"
    OVERRIDE_RISK = "override_risk", "Override a risk with a reason"
    APPROVE_OVERRIDES = "approve_overrides", "Approve overrides"
    ASSIGN_ACCOUNTS = "assign_accounts", "Decide who looks after an account"
    LEAD_RECOVERIES = "lead_recoveries", "Start and lead a recovery"
    SEE_RULES = "see_rules", "See detection rules"
    KEEP_RULES = "keep_rules", "Change detection rules"
    SNOOZE = "snooze", "Snooze accounts"
    ASK_FOR_CALLS = "ask_for_calls", "Ask the service desk to call"
    RETURN_CALLS = "return_calls", "Return a call that was asked for"


_C = Capability
CAPABILITIES: dict[str, frozenset[Capability]] = {
    Role.ACCOUNT_MANAGER: frozenset(
        {
            _C.REPORT_FRICTION,
            _C.LOG_CONTACT,
            _C.SEE_PORTFOLIO,
            _C.LEAD_RECOVERIES,
            _C.SNOOZE,
            _C.ASK_FOR_CALLS,
            _C.OVERRIDE_RISK,
        }
    ),
    Role.SERVICE_DESK: frozenset(
        {
            _C.REPORT_FRICTION,
            _C.LOG_CONTACT,
            _C.TAKE_ORDERS,
            _C.SEE_DESK,
            _C.SEE_PORTFOLIO,
            _C.SNOOZE,
            _C.RETURN_CALLS,
        }
    ),
    Role.DEPARTMENT_HEAD: frozenset(
        {
            _C.REPORT_FRICTION,
            _C.WORK_ON_INCIDENTS,
            _C.ANSWER_INCIDENTS,
            _C.SEE_TRIAGE,
            _C.SEE_RULES,
            _C.KEEP_RULES,
        }
    ),
    Role.DEPARTMENT_MEMBER: frozenset({_C.REPORT_FRICTION, _C.WORK_ON_INCIDENTS, _C.SEE_TRIAGE, _C.SEE_RULES}),
    Role.EXECUTIVE: frozenset(
        {
            _C.SEE_PORTFOLIO,
            _C.SEE_DESK,
            _C.SEE_TRIAGE,
            _C.SEE_SCORECARD,
            _C.SET_BUDGETS,
            _C.SHARE_SCORECARD,
            _C.RULE,
            _C.APPROVE_OVERRIDES,
            _C.SEE_RULES,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            _C.SEE_RULES,
            _C.KEEP_RULES,
            _C.SEE_PORTFOLIO,
            _C.SEE_DESK,
            _C.SEE_TRIAGE,
            _C.SEE_SCORECARD,
            _C.SET_BUDGETS,
            _C.IMPORT_RECORDS,
            _C.SEND_FACTS,
            _C.CONFIGURE,
            _C.ASSIGN_ACCOUNTS,
        }
    ),
    Role.INTEGRATION: frozenset({_C.SEND_FACTS}),
}
SEES_EVERYTHING = frozenset({Role.EXECUTIVE, Role.ADMINISTRATOR})
# What an integration may ask of them at all is for the API to say.
SEES_EVERY_ACCOUNT = SEES_EVERYTHING | {Role.INTEGRATION}
WORKS_IN_DEPARTMENT = frozenset({Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MEMBER})
# The accounts that a person looks after on a day, or covers for an absent colleague. Written out, since it stands in
# nearly every statement of a page, and takes longer to put together than to answer.
ASSIGNED_ACCOUNTS: Final = """(
    SELECT assigned.account_id FROM departments_assignment AS assigned
    WHERE assigned.starts_on <= %s AND (assigned.ends_on IS NULL OR assigned.ends_on >= %s)
      AND (assigned.person_id = %s OR assigned.person_id IN (
          SELECT away.person_id FROM departments_absence AS away
          WHERE away.covered_by_id = %s AND away.starts_on <= %s AND away.ends_on >= %s))
)"""


class AssignedAccounts(models.Func):
    """A subquery of the accounts that a person, by key, looks after or covers on a day."""

    output_field = models.BigIntegerField()

    def __init__(self, person: Any, day: Any) -> None:
        super().__init__(day, day, person, person, day, day)

    def as_sql(self, compiler: Any, connection: Any, *rest: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        """Fill the statement with what the expressions compile to."""
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        words = ASSIGNED_ACCOUNTS % tuple(word for word, _ in compiled)
        return words, tuple(value for _, values in compiled for value in values)


class PersonManager(BaseUserManager["Person"]):
    """Creates people with a hashed password, or with none that works."""

    def create_user(self, *, email: str, name: str, role: str, password: str | None = None, **rest: Any) -> "Person":
        """Create a person; without a password, one must be set by mail before signing in."""
        person = self.model(email=self.normalize_email(email).lower(), name=name, role=role, **rest)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, *, email: str, name: str, password: str | None = None, **rest: Any) -> "Person":
        """Create an administrator (the name is Django's, for its createsuperuser command)."""
        return self.create_user(email=email, name=name, role=Role.ADMINISTRATOR, password=password, **rest)

    def get_by_natural_key(self, username: str | None) -> "Person":
        """Find a person by mail address, whatever its case."""
        return self.get(email__iexact=username)


class Person(PublicModel, AbstractBaseUser):
    """Someone who signs in; works in one department, has one role."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role.choices)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    time_zone = models.CharField(max_length=64, blank=True, default="", help_text="empty for the organisation's")
    is_active = models.BooleanField(default=True)
    wants_mail = models.BooleanField(default=True, db_default=True, help_text="a morning mail of what waits")
    last_mailed_on = models.DateField(null=True, blank=True, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()
    # Of which day it is asked whom the person looks after; None for today.
    as_of_day: datetime.date | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(role__in=["department_head", "department_member"])
                | models.Q(department__isnull=False),
                name="department_people_have_a_department",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """Return the first letters of the first and last name."""
        words = self.name.split()
        return (words[0][:1] + words[-1][:1] if len(words) > 1 else self.name[:2]).upper()

    def can(self, capability: Capability) -> bool:
        """Return whether the person's role includes the capability."""
        return self.is_active and capability in CAPABILITIES[self.role]

    @property
    def is_staff(self) -> bool:
        """Return whether the person may enter the configuration pages (Django's word)."""
        return self.can(Capability.CONFIGURE)

    def has_perm(self, permission: str, subject: object = None) -> bool:
        """Return whether the configuration pages are open: all of them or none."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether an app's configuration pages are open."""
        return self.is_staff

    def open_book_account_ids(self) -> models.QuerySet[Any, Any] | models.Expression | None:
        """Return the accounts the person looks after or covers for an absent colleague; None for all."""
        if self.role in SEES_EVERY_ACCOUNT:
            return None
        if self.role in WORKS_IN_DEPARTMENT:
            return Account.objects.none().values("pk")
        return AssignedAccounts(self.pk, self.as_of_day or timezone.localdate())

    def visible_account_ids(self) -> models.QuerySet[Any, Any] | models.Expression | None:
        """Return the accounts whose name, value and risk the person sees; None for all."""
        if self.role in WORKS_IN_DEPARTMENT:
            return self._department_account_ids()
        return self.open_book_account_ids()

    def _department_account_ids(self) -> models.QuerySet[Any, Any]:
        department = self.department_id
        itself = Account.objects.order_by().filter(pk=models.OuterRef("pk"))
        # A value and no EXISTS, which the database would take for the set of all that the department ever answered for.
        answering = itself.filter(responsibilities__department=department).values("pk")[:1]
        concerned = (
            models.Q(pk=models.Subquery(answering))
            | models.Exists(itself.filter(incidents__reporting_department=department))
            | models.Exists(itself.filter(incidents__hand_offs__to_department=department))
            | models.Exists(itself.filter(incidents__waits__department=department))
        )
        return Account.objects.order_by().filter(concerned).values("pk")
