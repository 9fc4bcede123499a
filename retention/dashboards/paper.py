"""Sheets of A4 in the house's type, with what they are and the page number at their foot."""

import datetime
from typing import Final

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FAMILY: Final = "DejaVu"
# In millimetres.
MARGIN, WIDTH = 15.0, 180.0
INK, QUIET, LINE_COLOUR, ACCENT = (29, 39, 53), (93, 104, 120), (220, 225, 232), (6, 111, 209)
Colour = tuple[int, int, int]


class Paper(FPDF):
    """A page that says at its foot what it is, and when it was printed."""

    def __init__(self, *, title: str, author: str, foot: str, moment: datetime.datetime) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_margin(MARGIN)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(title)
        self.set_author(author)
        self.set_creation_date(moment)
        self.set_lang("en")
        self.add_font(FAMILY, "", settings.FONTS_ROOT / "DejaVuSansCondensed.ttf")
        self.add_font(FAMILY, "B", settings.FONTS_ROOT / "DejaVuSansCondensed-Bold.ttf")

    def footer(self) -> None:
        """Write the foot of a page, as fpdf asks for it."""
        self.set_y(-13)
        self.type(7.5, QUIET)
        self.cell(WIDTH - 20, 5, self.foot)
        self.cell(20, 5, f"{self.page_no()} / {{nb}}", align="R")

    def type(self, size: float, colour: Colour = INK, style: str = "") -> None:
        """Go on in a size, colour and style."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)

    def line_of(self, text: str, height: float) -> None:
        """Write one line over the whole width and go to the next."""
        self.cell(WIDTH, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, text: str, height: float, width: float = WIDTH) -> None:
        """Write a paragraph and go below it."""
        self.multi_cell(width, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
