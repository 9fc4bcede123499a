"""How soon a desk can be worked at in Chromium: when the page is loaded, and when the first key has moved to a row.

Asks for the two desks of `manage.py bench --only desk`, after that has built them in a database of its own:

    HOLDFAST_SERVICES=bench python -m retention.devservices run --instance bench -- python -m tests.e2e.desk_times
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterable

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retention.settings.dev")
django.setup()

from django.test import Client  # noqa: E402 - models can be read once Django is set up
from django.utils import timezone  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from pytest_django.live_server_helper import LiveServer  # noqa: E402

from departments.models import Person  # noqa: E402
from retention.benchmarks.desks import ensure_desks  # noqa: E402
from retention.keeping import keep_figures, keep_standing_figures  # noqa: E402
from tests.e2e.conftest import chromium  # noqa: E402

WARM_UPS = 3
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
FIRST_ROW = "document.querySelector('tr[data-row].current') && document.activeElement.matches('tr[data-row]')"


def main() -> None:
    """Print both figures for both desks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    desks = [(name, _session_of(head), address) for name, head, address in ensure_desks()]
    keep_figures(moment=timezone.now())
    keep_standing_figures(moment=timezone.now())
    server = LiveServer("127.0.0.1")
    try:
        for name, loaded, moved in _measured(server.url, desks, repeats):
            sys.stdout.write(f"{name:<20}loaded {_told(loaded)}   first key {_told(moved)}\n")
    finally:
        server.stop()


def _session_of(head: Person) -> str:
    client = Client()
    client.force_login(head)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _measured(
    url: str, desks: Iterable[tuple[str, str, str]], repeats: int
) -> Iterable[tuple[str, list[float], list[float]]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(playwright), args=["--no-sandbox"])
        for name, session, address in desks:
            context = browser.new_context(base_url=url)
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
            pairs = [_visit(context.new_page(), address) for _ in range(WARM_UPS + repeats)][WARM_UPS:]
            context.close()
            yield name, sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
        browser.close()


def _visit(page: Page, address: str) -> tuple[float, float]:
    """Return the milliseconds from asking for the page until it was loaded, and until a key had moved to its first row.

    The key is pressed as soon as the page's scripts have run; what passes between us and the browser is included.
    """
    began = time.perf_counter()
    page.goto(address, wait_until="domcontentloaded")
    page.keyboard.press("j")
    page.wait_for_function(FIRST_ROW, polling="raf")
    moved = (time.perf_counter() - began) * 1000
    page.wait_for_load_state("load")
    page.wait_for_function(f"{LOADED} > 0")
    loaded = float(page.evaluate(LOADED))
    page.close()
    return loaded, moved


def _told(times: list[float]) -> str:
    late = times[min(int(len(times) * 0.95), len(times) - 1)]
    return f"p50 {statistics.median(times):.0f} ms, p95 {late:.0f} ms"


if __name__ == "__main__":
    main()
