"""The scorecard on paper."""

import dataclasses
import re
import zlib

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation
from departments.models import Department, Role
from retention.dashboards.scorecard import read_scorecard
from retention.dashboards.scorecard_pdf import render_pdf
from retention.dashboards.scorecard_sheet import sheet_of
from retention.models import Trend
from tests import make

pytestmark = pytest.mark.django_db


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def glyphs_of(pdf: bytes) -> int:
    """Return how much is drawn: the length of all streams, opened."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return sum(len(zlib.decompress(stream)) for stream in streams if stream[:1] == b"x")


@pytest.fixture
def filled() -> None:
    Department.objects.update(is_active=False)
    for position in range(14):
        department = make.department(f"department_{position}", name=f"Department number {position}, Łódź")
        make.incident(make.account(segment="Retail"), shares={department: 1.0})
        for one in (None, department) if position == 0 else (department,):
            Trend.objects.create(
                day=timezone.localdate(),
                segment="Retail",
                department=one,
                accounts=10,
                accounts_at_risk=2,
                annual_revenue=9000.0,
                revenue_at_risk=100.0 * (position + 1),
            )


def test_an_executive_takes_it_along_with_the_segment(client: Client, filled: None) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    answer = client.get(reverse("scorecard_pdf"), {"segment": "Retail"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert f"scorecard-{timezone.localdate()}.pdf" in answer["Content-Disposition"]
    assert pages_of(answer.content) == 2


def test_an_empty_company_has_two_pages_of_it_too(client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    assert pages_of(client.get(reverse("scorecard_pdf")).content) == 2


@pytest.mark.parametrize(("longer", "pages"), [(1, 2), (2, 2), (4, 3)])
def test_definitions_shrink_before_they_take_a_third_page(filled: None, longer: int, pages: int) -> None:
    person, company = make.person(Role.EXECUTIVE), Organisation.objects.get_or_create(pk=1)[0]
    moment = timezone.now()
    sheet = sheet_of(read_scorecard(person=person, segment="Retail", moment=moment), company)
    definitions = [dataclasses.replace(one, meaning=" ".join([one.meaning] * longer)) for one in sheet.definitions]
    printed = render_pdf(dataclasses.replace(sheet, definitions=definitions), moment)
    assert pages_of(printed) == pages


def test_it_shows_more_where_there_is_more() -> None:
    person, company = make.person(Role.EXECUTIVE), Organisation.objects.get_or_create(pk=1)[0]
    moment = timezone.now()

    def printed() -> bytes:
        return render_pdf(sheet_of(read_scorecard(person=person, segment="", moment=moment), company), moment)

    empty = glyphs_of(printed())
    Trend.objects.create(
        day=timezone.localdate(moment),
        segment="",
        department=make.department("shipping"),
        accounts=1,
        accounts_at_risk=1,
        annual_revenue=1.0,
        revenue_at_risk=1.0,
    )
    assert glyphs_of(printed()) > empty
