"""What is being done to keep an account, said on pages that the apps below make."""

from django import template

from accounts.models import Account
from accounts.prepared import given
from departments.models import Person
from departments.prepared import PreparedFor
from retention.models import Recovery

register = template.Library()


_UNDER_WAY = PreparedFor(
    lambda reader: Recovery.objects.visible_to(reader).open().filter(account=given("account")).select_related("owner")
)


@register.simple_tag
def recovery_under_way(account: Account, person: Person) -> Recovery | None:
    """Return the account's recovery that is under way, if there is one that the person may see."""
    return next(iter(_UNDER_WAY(person, account=account.pk)), None)
