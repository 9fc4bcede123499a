"""Where services live is computed alike by everybody who asks, and fits into a socket's address."""

from pathlib import Path

import pytest

from retention.devservices import ServiceError, urls
from retention.devservices.places import LONGEST_SOCKET_PATH, places


def test_asking_for_the_addresses_touches_nothing(tmp_path: Path) -> None:
    urls("dev", root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not places("dev", root=tmp_path).home.exists()


def test_instances_and_checkouts_share_no_address(tmp_path: Path) -> None:
    combinations = [(tmp_path / "a", "dev"), (tmp_path / "a", "test"), (tmp_path / "b", "dev")]
    found = [urls(name, root=root) for root, name in combinations]
    assert len({each.database for each in found}) == 3
    assert len({each.redis for each in found}) == 3


@pytest.mark.parametrize("folder", ["x" * 200, "a folder with blanks", "Bücher"])
def test_an_awkward_checkout_gets_a_short_plain_socket_folder(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.devservices.places.runs_as_root", lambda: False)
    where = places("dev", root=tmp_path / folder)
    assert where.home == (tmp_path / folder).resolve() / ".local" / "dev"
    assert len(str(where.sockets / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    assert " " not in str(where.sockets)
    assert str(where.sockets).isascii()


def test_the_environment_names_the_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SERVICES", "test")
    assert urls(root=tmp_path) == urls("test", root=tmp_path)


@pytest.mark.parametrize("name", ["../demo", "Demo", "a" * 17, "1st"])
def test_a_name_that_could_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="cannot name a set of services"):
        places(name, root=tmp_path)


def test_addresses_are_of_the_kinds_that_clients_understand(tmp_path: Path) -> None:
    found = urls("dev", root=tmp_path)
    assert found.database.startswith("postgresql://holdfast@/holdfast?host=%2F")
    assert found.redis.startswith("unix:///")
