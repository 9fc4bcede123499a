"""The 8D report on paper."""

import datetime
import uuid

from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Problem, Subject
from retention.dashboards.eight_d import NOT_RECORDED, Discipline, EightD, report_of, visible_incident, visible_problem
from retention.dashboards.paper import ACCENT, LINE_COLOUR, MARGIN, QUIET, WIDTH, Paper
from retention.formatting import exact_moment, organisation

LABEL, CODE = 48.0, 12.0
LONGEST_WORDS = 60


@require_safe
def send_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send the report of an incident."""
    return _send(request, visible_incident(request.user, public_id))


@require_safe
def send_problem(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send the report of a problem."""
    return _send(request, visible_problem(request.user, public_id))


def _send(request: PersonRequest, subject: Subject) -> HttpResponse:
    moment = timezone.now()
    pdf = render_pdf(report_of(subject, request.user), organisation().name, moment)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{file_name(subject)}"'
    response["Cache-Control"] = "private, no-store"
    return response


def file_name(subject: Subject) -> str:
    """Return the name under which it is kept: what it is about, where and since when, in letters any system takes.

    The beginning of its id tells two of one day apart.
    """
    day = subject.opened_at if isinstance(subject, Problem) else subject.happened_at
    where = "" if isinstance(subject, Problem) else subject.account.name
    words = slugify(f"{subject.title} {where}")[:LONGEST_WORDS].strip("-") or "report"
    return f"8D-{words}-{timezone.localdate(day):%Y-%m-%d}-{subject.public_id.hex[:6]}.pdf"


def render_pdf(report: EightD, company: str, moment: datetime.datetime) -> bytes:
    """Return the report as a PDF, dated at the moment."""
    foot = f"{company} · 8D report · printed {exact_moment(moment)}"
    paper = Paper(title=f"8D: {report.title}", author=company, foot=foot, moment=moment)
    paper.add_page()
    paper.type(18, style="B")
    paper.line_of("8D report", 9)
    paper.type(11)
    paper.paragraph(f"{report.what}: {report.title}", 5.5)
    paper.ln(2)
    for discipline in report.disciplines:
        _discipline(paper, discipline)
    return bytes(paper.output())


def _discipline(paper: Paper, discipline: Discipline) -> None:
    if paper.get_y() > paper.h - 40:
        paper.add_page()
    paper.set_draw_color(*LINE_COLOUR)
    paper.line(MARGIN, paper.get_y(), MARGIN + WIDTH, paper.get_y())
    paper.ln(2)
    paper.type(11, ACCENT, "B")
    paper.cell(CODE, 6, discipline.code)
    paper.type(11, style="B")
    paper.line_of(discipline.title, 6)
    for entry in discipline.entries:
        _entry(paper, entry.label, entry.text)
    if not discipline.entries:
        paper.type(9, QUIET)
        paper.set_x(MARGIN + CODE)
        paper.line_of(NOT_RECORDED.capitalize() + ".", 5)
    paper.ln(2)


def _entry(paper: Paper, label: str, text: str) -> None:
    """Write label and text beside each other, the text over as many lines as it takes."""
    top, page = paper.get_y(), paper.page_no()
    paper.type(8.5, QUIET)
    paper.set_x(MARGIN + CODE)
    paper.multi_cell(LABEL - 3, 4.6, label, align="L", new_x="LEFT", new_y="NEXT")
    below = paper.get_y()
    if paper.page_no() == page:
        paper.set_y(top)
    paper.type(9)
    paper.set_x(MARGIN + CODE + LABEL)
    paper.multi_cell(WIDTH - CODE - LABEL, 4.6, text, align="L", new_x="LMARGIN", new_y="NEXT")
    if paper.page_no() == page:
        paper.set_y(max(below, paper.get_y()))
    paper.ln(0.8)
