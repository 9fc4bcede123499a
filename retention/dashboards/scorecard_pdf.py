"""The scorecard on paper: two pages of A4 that can be taken to a meeting."""

import datetime
import itertools
from collections.abc import Sequence
from typing import Final, cast

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from fpdf.enums import MethodReturnValue, XPos, YPos

from accounts.segments import segments_on_record
from departments.http import PersonRequest
from retention.dashboards.definitions import Definition
from retention.dashboards.paper import INK, LINE_COLOUR, MARGIN, QUIET, WIDTH, Colour, Paper
from retention.dashboards.scorecard import (
    read_scorecard,
    require_scorecard,
    segment_asked_for,
)
from retention.dashboards.scorecard_figures import Months
from retention.dashboards.scorecard_sheet import Change, Line, Sheet, Tile, sheet_of
from retention.formatting import exact_moment, organisation, short_money

# In millimetres.
GAP: Final = 4.0
GOOD, BAD = (30, 122, 52), (192, 38, 38)
COLUMNS: Final = (
    ("Department", 40.0, "L"),
    ("At risk", 20.0, "R"),
    ("Budget", 20.0, "R"),
    ("Used", 16.0, "R"),
    ("Rate, 90 days", 36.0, "R"),
    ("To accept", 18.0, "R"),
    ("On time", 14.0, "R"),
    ("Change", 16.0, "R"),
)
# In points: what is not on the sheet at the smallest goes on to the next.
DEFINITION_SIZES: Final = (7.5, 7.0, 6.5, 6.0, 5.5)
# Of a definition's word, its lines and the gap behind it, in millimetres a point.
WORD_HEIGHT, LINE_HEIGHT, GAP_HEIGHT = 0.56, 0.48, 0.186


@require_safe
def show_pdf(request: PersonRequest) -> HttpResponse:
    """Send the scorecard as the page shows it, with the same filter, as a PDF."""
    require_scorecard(request.user)
    moment = timezone.now()
    segment = segment_asked_for(request.GET, segments_on_record())
    sheet = sheet_of(read_scorecard(person=request.user, segment=segment, moment=moment), organisation())
    response = HttpResponse(render_pdf(sheet, moment), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="scorecard-{timezone.localdate(moment)}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


def render_pdf(sheet: Sheet, moment: datetime.datetime) -> bytes:
    """Return the sheet as a PDF of two pages, dated at the moment."""
    paper = _Paper(sheet, moment)
    paper.add_page()
    _head(paper, sheet)
    _tiles(paper, sheet.tiles)
    _bars(paper, sheet.lines)
    _table(paper, sheet.lines)
    paper.add_page()
    _months(paper, sheet.months)
    _care(paper, sheet)
    _trust(paper, sheet.trust)
    _definitions(paper, sheet)
    return bytes(paper.output())


class _Paper(Paper):
    """The sheet of the scorecard."""

    def __init__(self, sheet: Sheet, moment: datetime.datetime) -> None:
        foot = f"{sheet.company} · Retention scorecard · {sheet.scope} · printed {exact_moment(moment)}"
        super().__init__(title="Retention scorecard", author=sheet.company, foot=foot, moment=moment)

    def text_in(self, x: float, y: float, width: float, text: str) -> None:
        """Write a short text into the middle of a place."""
        self.set_xy(x, y)
        self.cell(width, 4, text, align="C")

    def heading(self, text: str) -> None:
        """Write the heading of a section."""
        self.ln(4)
        self.type(11, style="B")
        self.line_of(text, 6)
        self.ln(1)

    def fitted(self, text: str, width: float) -> str:
        """Return the text, cut with an ellipsis where it is wider than the width."""
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(f"{text}…") > width:
            text = text[:-1]
        return f"{text}…"


def _head(paper: _Paper, sheet: Sheet) -> None:
    paper.type(18, style="B")
    paper.line_of("Retention scorecard", 9)
    paper.type(10, QUIET)
    paper.line_of(f"{sheet.company} · {sheet.scope} · {sheet.until}", 5.5)
    rolled = f"Revenue at risk as of {sheet.rolled_up}. " if sheet.rolled_up else "No scoring has been rolled up yet. "
    paper.line_of(f"{rolled}Changes are against {sheet.against}.", 5.5)
    if sheet.counted:
        paper.line_of(f"{sheet.counted}.", 5.5)
    paper.ln(3)


def _tiles(paper: _Paper, tiles: Sequence[Tile]) -> None:
    across, height = 3, 23.0
    width = (WIDTH - GAP * (across - 1)) / across
    top = paper.get_y()
    for place, tile in enumerate(tiles):
        row, column = divmod(place, across)
        _tile(paper, tile, MARGIN + column * (width + GAP), top + row * (height + GAP), width, height)
    paper.set_y(top + -(-len(tiles) // across) * (height + GAP) - GAP)


def _tile(paper: _Paper, tile: Tile, x: float, y: float, width: float, height: float) -> None:
    paper.set_draw_color(*LINE_COLOUR)
    paper.rect(x, y, width, height, round_corners=True, corner_radius=1.5)
    inner = width - 6
    paper.set_xy(x + 3, y + 2.5)
    paper.type(7.5, QUIET)
    paper.cell(inner, 4, paper.fitted(tile.label.upper(), inner))
    paper.set_xy(x + 3, y + 7.5)
    paper.type(15, style="B")
    paper.cell(paper.get_string_width(tile.value) + 4, 7, tile.value)
    _change(paper, tile.change, 8.5, 7)
    paper.set_xy(x + 3, y + 16)
    paper.type(7.5, QUIET)
    paper.cell(inner + 2, 4, paper.fitted(tile.note, inner + 2))


def _change(paper: _Paper, change: Change | None, size: float, height: float) -> None:
    if change is not None:
        paper.type(size, GOOD if change.is_good else BAD)
        paper.cell(30, height, f"{change.sign} {change.words}")


def _bars(paper: _Paper, lines: Sequence[Line]) -> None:
    paper.heading("Whose friction puts revenue at risk")
    paper.type(8, QUIET)
    paper.line_of(
        "Each department’s part of the revenue at risk; the stroke is its friction budget of the quarter.", 4.5
    )
    paper.ln(1)
    shown = [line for line in lines if line.money > 0]
    if not shown:
        paper.type(9, QUIET)
        paper.line_of("Not known yet: no scoring has been rolled up.", 6)
    most = max((max(line.money, line.allowed or 0.0) for line in shown), default=1.0)
    for line in shown:
        _bar(paper, line, most)


def _bar(paper: _Paper, line: Line, most: float) -> None:
    height, label, figure = 5.0, 42.0, 20.0
    room = WIDTH - label - figure
    x, y = MARGIN + label, paper.get_y()
    paper.type(8.5)
    paper.cell(label, height, paper.fitted(line.department.name, label - 2))
    paper.set_fill_color(*_rgb(line.department.colour))
    paper.rect(x, y + 1, room * line.money / most, height - 2, style="F")
    if line.allowed is not None:
        paper.set_draw_color(*INK)
        at = x + room * line.allowed / most
        paper.line(at, y + 0.4, at, y + height - 0.4)
    paper.set_xy(x + room, y)
    paper.type(8.5, style="B")
    paper.cell(figure, height, line.at_risk, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _rgb(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _table(paper: _Paper, lines: Sequence[Line]) -> None:
    paper.heading("Departments")
    paper.type(7.5, QUIET)
    for heading, width, align in COLUMNS:
        paper.cell(width, 5, heading, align=align)
    paper.ln(5)
    paper.set_draw_color(*LINE_COLOUR)
    for line in lines:
        paper.line(MARGIN, paper.get_y(), MARGIN + WIDTH, paper.get_y())
        _row(paper, line)


def _row(paper: _Paper, line: Line) -> None:
    used = (line.used, BAD if line.is_over else INK)
    change = line.change
    moved = ("—", QUIET) if change is None else (f"{change.sign} {change.words}", GOOD if change.is_good else BAD)
    plain = [line.department.name, line.at_risk, line.budget]
    cells = [
        *((text, INK) for text in plain),
        used,
        *((t, INK) for t in (line.rate, line.to_accept, line.on_time)),
        moved,
    ]
    for (text, colour), (_, width, align) in zip(cells, COLUMNS, strict=True):
        paper.type(8, colour)
        paper.cell(width, 5.2, paper.fitted(text, width - 1), align=align)
    paper.ln(5.2)


def _months(paper: _Paper, months: Months) -> None:
    """Draw a stack a month, in the departments' colours, with its sum above."""
    paper.heading("Whose friction put revenue at risk, month by month")
    if not months.days:
        paper.type(9, QUIET)
        paper.line_of("Not known yet: no scoring has been rolled up.", 6)
        return
    top, height, width = paper.get_y() + 4, 27.0, WIDTH / 12
    sums = [total for *_, total in months.rows]
    for place, (label, total) in enumerate(zip(months.labels, sums, strict=True)):
        x, y = MARGIN + place * width, top + height
        for department, values in months.series:
            part = height * values[place] / max(sums)
            y -= part
            paper.set_fill_color(*_rgb(department.colour))
            paper.rect(x + 2, y, width - 4, part, style="F")
        paper.type(7, QUIET)
        paper.text_in(x, y - 4, width, short_money(total))
        paper.text_in(x, top + height + 0.5, width, label)
    paper.set_xy(MARGIN, top + height + 6)
    paper.type(7.5, QUIET)
    paper.line_of("Each month as of its last day on record; the colours are those of the first page.", 4)


def _care(paper: _Paper, sheet: Sheet) -> None:
    paper.heading("How customers are looked after")
    for tile in sheet.care:
        top = paper.get_y()
        paper.type(9, QUIET)
        paper.cell(58, 4.8, tile.label)
        if tile.value:
            paper.type(10, style="B")
            paper.cell(18, 4.8, tile.value)
            _change(paper, tile.change, 8.5, 4.8)
        paper.set_xy(MARGIN + (106 if tile.value else 58), top)
        paper.type(9)
        paper.paragraph(tile.note or " ", 4.8, WIDTH - (106 if tile.value else 58))


def _trust(paper: _Paper, sentences: Sequence[str]) -> None:
    paper.heading("Can this be trusted?")
    paper.type(9)
    paper.paragraph(" ".join(sentences), 5)


def _definitions(paper: _Paper, sheet: Sheet) -> None:
    """Write the definitions in two columns, as small as they must be to stay on the sheet; else on the next ones."""
    paper.heading("What the figures mean")
    top, width = paper.get_y(), (WIDTH - 2 * GAP) / 2
    for size in DEFINITION_SIZES:
        left, height = _split([_height(paper, one, size, width) for one in sheet.definitions])
        if height <= paper.page_break_trigger - top:
            break
    else:
        left, size, width = 0, DEFINITION_SIZES[0], WIDTH
    for x, column in ((MARGIN, sheet.definitions[:left]), (MARGIN + WIDTH - width, sheet.definitions[left:])):
        paper.set_y(top)
        for definition in column:
            _definition(paper, definition, size, x, width)


def _split(heights: Sequence[float]) -> tuple[int, float]:
    """Return how many stand in the left column so that the longer of the two is shortest, and how long that is."""
    sums = [0.0, *itertools.accumulate(heights)]
    longer = [max(sum_left, sums[-1] - sum_left) for sum_left in sums]
    left = longer.index(min(longer))
    return left, longer[left]


def _definition(paper: _Paper, definition: Definition, size: float, x: float, width: float) -> None:
    paper.set_x(x)
    paper.type(size, style="B")
    paper.multi_cell(width, size * WORD_HEIGHT, definition.word, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
    paper.type(size, QUIET)
    paper.multi_cell(width, size * LINE_HEIGHT, definition.meaning, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
    paper.ln(size * GAP_HEIGHT)


def _height(paper: _Paper, definition: Definition, size: float, width: float) -> float:
    paper.type(size, style="B")
    word = _lines(paper, definition.word, width) * WORD_HEIGHT
    paper.type(size, QUIET)
    return size * (word + _lines(paper, definition.meaning, width) * LINE_HEIGHT + GAP_HEIGHT)


def _lines(paper: _Paper, text: str, width: float) -> int:
    # What it returns follows from what is asked for, which its type does not tell.
    lines = cast("list[str]", paper.multi_cell(width, text=text, dry_run=True, output=MethodReturnValue.LINES))
    return len(lines)
