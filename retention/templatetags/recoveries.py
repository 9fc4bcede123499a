"""What is being done to keep an account, said on pages that the apps below make."""

from django import template

from accounts.models import Account
from departments.models import Person
from retention.models import Recovery

register = template.Library()


@register.simple_tag
def recovery_under_way(account: Account, person: Person) -> Recovery | None:
    """Return the account's recovery that is under way, if there is one that the person may see."""
    under_way = Recovery.objects.visible_to(person).open().filter(account=account)
    return under_way.select_related("owner").first()
