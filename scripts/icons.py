"""Make static/icons.svg, a sprite of just the icons named in static/icons.txt, from the Tabler package.

Templates show one with <svg class="icon"><use href="{% static 'icons.svg' %}#NAME"></use></svg>.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ROOT / "static" / "icons.txt"
SPRITE = ROOT / "static" / "icons.svg"
SOURCES = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
SVG = "http://www.w3.org/2000/svg"


def main() -> None:
    names = sorted(set(NAMES.read_text().split()))
    missing = [name for name in names if not (SOURCES / f"{name}.svg").exists()]
    if missing:
        sys.exit(f"Tabler has no icon named {', '.join(missing)}: look for names in {SOURCES}.")
    NAMES.write_text("\n".join(names) + "\n")
    SPRITE.write_text(sprite(names))


def sprite(names: list[str]) -> str:
    """One SVG with a symbol per name; the licence asks to be named."""
    symbols = "\n".join(symbol(name) for name in names)
    return f'<svg xmlns="{SVG}">\n<!-- Tabler Icons, MIT licence, Copyright Paweł Kuna -->\n{symbols}\n</svg>\n'


def symbol(name: str) -> str:
    ElementTree.register_namespace("", SVG)
    drawing = ElementTree.parse(SOURCES / f"{name}.svg").getroot()  # noqa: S314 (a locked package of ours)
    # The first path is an invisible frame.
    paths = [f'<path d="{path.get("d")}"/>' for path in drawing if path.get("stroke") != "none"]
    strokes = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    return f'<symbol id="{name}" viewBox="0 0 24 24" {strokes}>{"".join(paths)}</symbol>'


if __name__ == "__main__":
    main()
