"""What the services' programs are started with."""

import pytest

from retention.devservices.account import own_environment


def test_programs_are_started_under_one_locale_whatever_the_persons_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_MESSAGES", "de_DE.UTF-8")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("TZ", "UTC")
    kept = own_environment()
    assert kept["TZ"] == "UTC"
    assert {name for name in kept if name.startswith(("PG", "LC_", "LANG"))} == {"LC_ALL"}
