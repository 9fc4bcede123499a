"""Addresses in templates are those that Django would write."""

import uuid

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.template.defaulttags import URLNode
from django.test import override_settings
from django.urls import NoReverseMatch, path, reverse, set_script_prefix

from retention.templatetags.addresses import AddressNode

ID, OTHER = uuid.uuid4(), uuid.uuid4()
urlpatterns = [path("somewhere/else/<uuid:account>", lambda request, account: HttpResponse(), name="account")]


def written(text: str, **values: object) -> str:
    return Template(text).render(Context(values))


@pytest.mark.parametrize(
    "text",
    [
        '{% url "portfolio" %}',
        '{% url "account" id %}',
        '{% url "account" account=id %}',
        "{% url name id %}",
        '{% url "account" id as there %}[{{ there }}]',
        '{% url "no_such_page" as there %}[{{ there }}]',
        '{% url "triage_department" slug %}',
        '{% url "admin:departments_person_changelist" %}',
        '{% autoescape off %}{% url "account" id %}{% endautoescape %}',
    ],
)
def test_an_address_is_the_one_that_django_writes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"id": ID, "name": "account", "slug": "a-b"}
    own = [written(text, **values), written(text, **{**values, "id": OTHER})]
    monkeypatch.setattr(AddressNode, "render", URLNode.render)
    assert own == [written(text, **values), written(text, **{**values, "id": OTHER})]


def test_an_address_that_does_not_exist_is_refused() -> None:
    with pytest.raises(NoReverseMatch):
        written('{% url "no_such_page" %}')


def test_other_routes_and_prefixes_have_their_own_addresses() -> None:
    assert written('{% url "account" id %}', id=ID) == reverse("account", args=[ID])
    with override_settings(ROOT_URLCONF=__name__):
        assert written('{% url "account" id %}', id=ID) == f"/somewhere/else/{ID}"
    set_script_prefix("/below/")
    try:
        assert written('{% url "account" id %}', id=ID) == f"/below/accounts/{ID}"
    finally:
        set_script_prefix("/")


def test_a_page_of_a_namespace_is_found_from_within_it() -> None:
    request = HttpRequest()
    request.current_app = "admin"
    assert Template('{% url "admin:index" %}').render(RequestContext(request)) == reverse("admin:index")
