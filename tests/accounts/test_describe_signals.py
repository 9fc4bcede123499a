"""The page about signals is the registry's own."""

from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from accounts.signals import KINDS


def test_the_page_says_what_the_registry_says() -> None:
    output = StringIO()
    call_command("describe_signals", stdout=output)
    page = Path(settings.BASE_DIR) / "docs" / "signals.md"
    assert page.read_text(encoding="utf-8") == output.getvalue()
    assert all(f"## {kind.label} (`{kind.name}`)" in output.getvalue() for kind in KINDS.values())
