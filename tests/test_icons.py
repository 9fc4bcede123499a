"""Icons come from one small sprite of our own; a template that names an absent one shows nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPRITE = (ROOT / "static" / "icons.svg").read_text()
SHIPPED = set(re.findall(r'<symbol id="([a-z0-9-]+)"', SPRITE))
USES = [
    (path.name, name)
    for folder in ("templates", "static", "accounts", "departments", "retention")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".js", ".py"}
    for name in re.findall(r"(?:icons\.svg['\"] ?%?\}?#|\{% icon \"|icon=\")([a-z0-9-]+)", path.read_text())
]


def test_the_sprite_holds_just_the_icons_that_are_listed() -> None:
    assert set((ROOT / "static" / "icons.txt").read_text().split()) == SHIPPED


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    missing = [f"{file}: {name}" for file, name in USES if name not in SHIPPED]
    assert missing == [], "add them to static/icons.txt and run `make icons`"
