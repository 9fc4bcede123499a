"""Mappings are checked word by word, and say which word is wrong."""

from pathlib import Path

import pytest

from accounts.signals import KINDS as SIGNAL_KINDS
from retention.imports.errors import MappingError
from retention.imports.kinds import KINDS
from retention.imports.mapping import shipped_mappings
from retention.imports.mapping_files import find_mapping, read_mapping

GOOD = """
name = "Accounts"
source = "crm"
[columns]
number = { heading = ["No", "Number"], required = true }
name = "Name"
since = { type = "date", optional = true }
size = { type = "integer" }
[computed]
double = "size * 2"
[[leave_out]]
reason = "too small"
when = "size < 10"
[[records]]
kind = "account"
when = "double > 1"
[records.fields]
external_id = { template = "C-{number}" }
name = "name"
customer_since = "since"
"""


def changed(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def test_a_good_mapping_is_read() -> None:
    mapping = read_mapping("crm.toml", GOOD.encode())
    assert mapping.source == "crm"
    assert mapping.wanted_headings == ["No", "Number", "Name", "since", "size"]
    assert mapping.shift_by == "since"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[columns]", "[columns", "crm.toml: is not TOML"),
        ('source = "crm"', "", "crm.toml: source: is missing"),
        ('source = "crm"', 'source = "crm"\ntimezone = "Mars"', "timezone: there is no time zone 'Mars'"),
        ('source = "crm"', 'source = "crm"\nsauce = 1', "sauce: is not known here"),
        ('source = "crm"', 'source = "crm"\n[input]\nencoding = "klingon"', "[input] encoding: there is no encoding"),
        ('source = "crm"', 'source = "crm"\n[input]\nformat = "doc"', "[input] format: must be one of csv"),
        ('type = "integer"', 'type = "int"', "[columns.size] type: must be one of text, integer"),
        ('type = "integer"', 'typo = "integer"', "[columns.size] typo: is not known here"),
        ('"size * 2"', '"sise * 2"', "[computed] double"),
        ('"size < 10"', '"size + 10"', "[leave_out 1] when: 'size + 10' is a number, not a condition"),
        ('kind = "account"', 'kind = "acount"', "[records 1] kind: there is no kind of record 'acount'"),
        ('name = "name"', "", "[records 1.fields] name: is missing"),
        ('name = "name"', 'name = "nam"', "[records 1.fields] name: there is no column 'nam'"),
        ('name = "name"', 'name = "name"\nshoe = "name"', "[records 1.fields] shoe: there is no such field"),
        ('name = "name"', "name = { sum = 'size' }", "[records 1.fields] name: sum needs group_by"),
        ('customer_since = "since"', 'customer_since = "size"', "needs a column of type date, and 'size' is of type"),
        ("C-{number}", "C-{number:>99999999}", "is not a template"),
        ("C-{number}", "C-{number.__class__}", "is not a template"),
        ("C-{number}", "C-{nummer}", "there is no column 'nummer'"),
        ("[records.fields]", "[records.lines]\n[records.fields]", "[records 1] lines: a record of kind account has no"),
        ("[records.fields]", "[records.data]\nx='name'\n[records.fields]", "data: only signals have data"),
    ],
)
def test_a_wrong_mapping_names_file_table_and_key(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingError) as error:
        read_mapping("crm.toml", changed(old, new))
    assert str(error.value).startswith("crm.toml: ")
    assert message in str(error.value)


def test_a_mapping_that_is_not_there_is_an_error_with_the_shipped_ones() -> None:
    with pytest.raises(MappingError, match=r"shipped ones are .*online_retail_ii"):
        find_mapping("no_such_mapping")


def test_every_kind_of_record_and_signal_has_a_template() -> None:
    mappings = [find_mapping(name) for name in shipped_mappings()]
    made = {record.kind.name for mapping in mappings for record in mapping.records}
    signals = {rule.constant for mapping in mappings for record in mapping.records for rule in record.fields}
    assert made == set(KINDS)
    assert set(SIGNAL_KINDS) <= signals


@pytest.mark.parametrize("name", [name for name in shipped_mappings() if name.startswith("signals_")])
def test_a_signal_template_holds_every_field_of_its_kind(name: str) -> None:
    (record,) = find_mapping(name).records
    kind = SIGNAL_KINDS[name.removeprefix("signals_")]
    assert {rule.name for rule in record.data} == {field.name for field in kind.fields}


def test_the_example_of_the_documentation_is_a_mapping() -> None:
    text = (Path(__file__).parents[3] / "docs" / "importing.md").read_text()
    mapping = read_mapping("shop.toml", text.split("```toml")[1].split("```")[0].encode())
    assert [record.kind.name for record in mapping.records] == ["account", "order", "signal"]


def test_the_documentation_names_every_shipped_mapping_and_kind() -> None:
    text = (Path(__file__).parents[3] / "docs" / "importing.md").read_text()
    named = [name for name in shipped_mappings() if not name.startswith("signals_")]
    assert [name for name in named if f"`{name}`" not in text] == []
    assert [kind for kind in KINDS if kind not in text] == []
