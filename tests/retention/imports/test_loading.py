"""Imports into a real database: counted, repeatable, corrected by a second file, never stopped by a bad line."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Account, AccountChange, AuditEntry, Contact, Holding, Order, OrderLine, Signal
from departments.models import Assignment, Incident, Person
from retention.imports.errors import Refusal, UnreadableFile
from retention.imports.loading import Options, StrictFailure, Summary, import_files
from retention.imports.mapping_files import find_mapping, read_mapping
from retention.imports.telling import sentences
from tests import make
from tests.real_data import online_retail

pytestmark = pytest.mark.django_db

ACCOUNTS = "external_id,name,country,annual_revenue\nA,Acme,France,1200.50\nB,Böhm & Söhne,Germany,\n"
ORDER_LINES = (
    "external_id,account,ordered_at,sku,quantity,unit_price\n"
    "1,A,2024-01-02 09:00,X,3,0.10\n"
    "1,A,2024-01-02 09:00,Y,1,0.10\n"
    "2,B,2024-02-01 09:00,X,2,5\n"
)


class Importer:
    """Imports texts as files and keeps what was refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.refused: list[Refusal] = []

    def __call__(self, mapping: str, *texts: str | bytes, **options: Any) -> Summary:
        paths = []
        for number, text in enumerate(texts):
            path = self._folder / f"part{number}.csv"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        return self.files(mapping, paths, **options)

    def files(self, mapping: str, paths: Sequence[Path], **options: Any) -> Summary:
        self.refused = []
        return import_files(
            mapping=read_mapping("own.toml", mapping.encode()) if "[" in mapping else find_mapping(mapping),
            paths=paths,
            options=Options(**options),
            refuse=self.refused.append,
            report=lambda _position: None,
            acting_person=None,
        )


@pytest.fixture
def run(tmp_path: Path) -> Importer:
    return Importer(tmp_path)


def counts(summary: Summary, kind: str) -> tuple[int, int, int, int]:
    found = summary.records[kind]
    return found.created, found.updated, found.unchanged, found.refused


def test_accounts_come_in_with_what_the_file_says(run: Importer) -> None:
    assert counts(run("accounts", ACCOUNTS), "account") == (2, 0, 0, 0)
    acme, boehm = Account.objects.order_by("name")
    assert (acme.name, acme.country, acme.annual_revenue, acme.source) == (
        "Acme",
        "France",
        Decimal("1200.50"),
        "files",
    )
    assert (boehm.name, boehm.annual_revenue) == ("Böhm & Söhne", Decimal(0))


def test_the_same_file_twice_changes_nothing_and_says_so(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    run("order_lines", ORDER_LINES)
    AccountChange.objects.all().delete()
    assert counts(run("accounts", ACCOUNTS), "account") == (0, 0, 2, 0)
    summary = run("order_lines", ORDER_LINES)
    assert counts(summary, "order") == (0, 0, 2, 0)
    assert "Orders: 0 created, 0 updated, 2 unchanged, 0 refused." in list(sentences(summary))
    assert not AccountChange.objects.exists()


def test_a_corrected_file_updates_what_differs(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    run("order_lines", ORDER_LINES)
    before = Account.objects.get(external_id="A")
    assert counts(run("accounts", ACCOUNTS.replace("Acme", "Acme Ltd")), "account") == (0, 1, 1, 0)
    assert counts(run("order_lines", ORDER_LINES.replace("X,3", "Z,4")), "order") == (0, 1, 1, 0)
    after = Account.objects.get(external_id="A")
    assert (after.pk, after.public_id, after.name) == (before.pk, before.public_id, "Acme Ltd")
    order = Order.objects.get(external_id="1")
    assert order.amount == Decimal("0.50")
    assert [(line.position, line.sku, int(line.quantity)) for line in order.lines.all()] == [(1, "Z", 4), (2, "Y", 1)]


def test_lines_that_change_without_changing_the_sum_are_corrected_too(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    run("order_lines", ORDER_LINES)
    assert counts(run("order_lines", ORDER_LINES.replace(",Y,", ",W,")), "order") == (0, 1, 1, 0)
    assert [line.sku for line in Order.objects.get(external_id="1").lines.all()] == ["X", "W"]


def test_a_column_that_the_file_lacks_leaves_the_field_as_it_is(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    assert counts(run("accounts", "external_id,name\nA,Acme\nB,Böhm & Söhne\n"), "account") == (0, 0, 2, 0)
    assert Account.objects.get(external_id="A").country == "France"


def test_an_emptied_cell_empties_the_field(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    assert counts(run("accounts", ACCOUNTS.replace("France", "")), "account") == (0, 1, 1, 0)
    assert Account.objects.get(external_id="A").country == ""


def test_groups_are_right_when_their_lines_stand_apart_and_in_several_files(run: Importer) -> None:
    head, *lines = ORDER_LINES.splitlines(keepends=True)
    run("accounts", ACCOUNTS)
    summary = run("order_lines", head + lines[0] + lines[2], head + lines[1])
    assert counts(summary, "order") == (2, 0, 0, 0)
    assert Order.objects.get(external_id="1").amount == Decimal("0.40")
    assert [line.sku for line in Order.objects.get(external_id="1").lines.all()] == ["X", "Y"]
    assert counts(run("order_lines", ORDER_LINES), "order") == (0, 0, 2, 0)


def test_lines_find_their_orders_through_many_batches(run: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retention.imports.staging.RECORDS_IN_A_BATCH", 7)
    run("accounts", ACCOUNTS)
    lines = [f"{number},A,2024-01-02,S{number},{number + 1},1\n" for number in range(60)]
    heading = ORDER_LINES.splitlines(keepends=True)[0]
    assert counts(run("order_lines", heading + "".join(lines + lines)), "order") == (60, 0, 0, 0)
    assert [(line.order.external_id, line.sku) for line in OrderLine.objects.filter(position=2).order_by("pk")[:2]] == [
        ("0", "S0"),
        ("1", "S1"),
    ]
    assert counts(run("order_lines", heading + "".join(lines)), "order") == (0, 60, 0, 0)
    assert OrderLine.objects.count() == 60


def test_bad_lines_are_refused_one_by_one_and_the_rest_goes_in(run: Importer) -> None:
    text = (
        ACCOUNTS + "C,,Spain,1\n" + "D," + "n" * 201 + ",Spain,1\n" + "E,Ernst,Spain,-5\n"
        "F,Franz,Spain,99999999999999\n" + "G,Gerd,Spain,many\n" + "H,Hans\n" + "I,Ida,Spain,2\n"
    )
    summary = run("accounts", text)
    assert counts(summary, "account") == (3, 0, 0, 3)
    assert (summary.lines.read, summary.lines.used, summary.lines.refused) == (9, 6, 3)
    assert sorted(run.refused, key=lambda refusal: refusal.line) == [
        Refusal("part0.csv", 4, "name", "", "is empty"),
        Refusal("part0.csv", 5, "name", "n" * 201, "is longer than 200 characters"),
        Refusal("part0.csv", 6, "account", "", "is against the rule that account revenue is not negative"),
        Refusal("part0.csv", 7, "annual_revenue", "99999999999999", "is too large"),
        Refusal("part0.csv", 8, "annual_revenue", "many", "is not an amount of money"),
        Refusal("part0.csv", 9, "", "H,Hans", "has 2 fields where the heading has 4"),
    ]


def test_a_record_that_names_an_unknown_one_is_refused_with_the_name(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    summary = run("order_lines", ORDER_LINES + "3,Z,2024-01-01,X,1,1\n")
    assert counts(summary, "order") == (2, 0, 0, 1)
    assert run.refused == [Refusal("part0.csv", 5, "account", "Z", "there is no such account from the source files")]


def test_names_are_looked_up_in_the_source_of_the_accounts_where_the_mapping_says_so(run: Importer) -> None:
    run("accounts", ACCOUNTS, source="crm")
    mapping = (find_mapping_text("orders")).replace('kind = "order"', 'kind = "order"\naccount_source = "crm"')
    summary = run(mapping, "external_id,account,ordered_at,amount\n1,A,2024-01-01,5\n", source="erp")
    assert counts(summary, "order") == (1, 0, 0, 0)
    assert Order.objects.get().account.source == "crm"


def find_mapping_text(name: str) -> str:
    return (Path(find_mapping.__code__.co_filename).parent / "mappings" / f"{name}.toml").read_text()


def test_a_line_that_cannot_be_kept_refuses_its_order_because_the_sum_would_be_wrong(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    summary = run("order_lines", ORDER_LINES.replace(",Y,", f",{'y' * 65},"))
    assert counts(summary, "order") == (1, 0, 0, 1)
    assert run.refused == [Refusal("part0.csv", 2, "sku", "y" * 65, "is longer than 64 characters")]


def test_what_only_the_database_can_refuse_is_found_among_many(run: Importer) -> None:
    account = make.account(source="files", external_id="A")
    person = make.person(email="anna@example.com")
    make.assignment(account=account, person=person, starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2024, 6, 30))
    lines = "".join(
        f"{number},A,Anna@example.com,service_desk,{2000 + number}-01-01,{2000 + number}-12-31\n"
        for number in range(20)
    )
    text = (
        "external_id,account,person,capacity,starts_on,ends_on\n"
        + lines
        + "x,A,anna@example.com,account_manager,2024-05-01,\n"
    )
    summary = run("assignments", text)
    assert counts(summary, "assignment") == (20, 0, 0, 1)
    assert [(refusal.line, refusal.reason) for refusal in run.refused] == [
        (22, "is against the rule that one person at a time in a capacity")
    ]
    assert Assignment.objects.filter(source="files").count() == 20


def test_strict_writes_nothing_when_anything_is_refused(run: Importer) -> None:
    for text in (ACCOUNTS + "C,,Spain,1\n", ACCOUNTS + "E,Ernst,Spain,-5\n"):
        with pytest.raises(StrictFailure, match="1 lines or records were refused, so nothing was written"):
            run("accounts", text, strict=True)
        assert len(run.refused) == 1
    assert not Account.objects.exists()
    assert counts(run("accounts", ACCOUNTS, strict=True), "account") == (2, 0, 0, 0)


def test_a_dry_run_writes_nothing_and_tells_what_would_be_written(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    text = ACCOUNTS.replace("Acme", "Acme Ltd") + "C,Carl,Spain,1\nD,,,\n"
    AuditEntry.objects.all().delete()
    summary = run("accounts", text, dry_run=True)
    assert counts(summary, "account") == (1, 1, 1, 0)
    assert summary.lines.refused == 1
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Acme", "Böhm & Söhne"]
    assert not AuditEntry.objects.exists()
    assert counts(run("accounts", text), "account") == (1, 1, 1, 0)


def test_an_import_is_recorded(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    entry = AuditEntry.objects.get(verb="records.import")
    assert entry.details["records"]["account"]["created"] == 2
    assert entry.details["files"] == ["part0.csv"]


def test_a_file_that_was_cut_off_writes_nothing(run: Importer, tmp_path: Path) -> None:
    gzip = pytest.importorskip("gzip")
    whole = gzip.compress((ACCOUNTS + "".join(f"{n},N{n * 7919},X,{n}\n" for n in range(40_000))).encode())
    path = tmp_path / "accounts.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="damaged or cut off"):
        run.files("accounts", [path])
    assert not Account.objects.exists()


def test_what_looks_like_a_formula_is_kept_as_it_is(run: Importer) -> None:
    run("accounts", 'external_id,name\nA,"=HYPERLINK(""x"")"\nB,"a\\b\tc\n d, ""e"""\n')
    assert sorted(Account.objects.values_list("name", flat=True)) == ['=HYPERLINK("x")', 'a\\b\tc\n d, "e"']


def test_signals_are_held_against_the_registry(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    heading = "external_id,account,happened_at,days_late,damaged\n"
    text = heading + "1,A,2024-01-02,3.50,yes\n2,A,2024-01-02,,\n3,B,2024-01-03,-1,\n"
    summary = run("signals_shipment", text)
    assert counts(summary, "signal") == (2, 0, 0, 0)
    assert summary.lines.refused == 1
    assert Signal.objects.get(external_id="1").data == {"days_late": 3.5, "damaged": True}
    assert Signal.objects.get(external_id="3").data == {"days_late": -1}
    assert counts(run("signals_shipment", text), "signal") == (0, 0, 2, 0)


MIXED = """
source = "files"
[columns]
id = { required = true }
account = {}
kind = {}
at = { type = "datetime" }
days_late = { type = "decimal" }
passed = { type = "boolean" }
[[records]]
kind = "signal"
[records.fields]
external_id = "id"
account = "account"
kind = "kind"
happened_at = "at"
[records.data]
days_late = "days_late"
passed = "passed"
"""


def test_kinds_of_signal_may_stand_in_a_column(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    text = (
        "id,account,kind,at,days_late,passed\n"
        "1,A,shipment,2024-01-02,3,\n2,A,inspection,2024-01-02,,no\n3,A,shipment,2024-01-02,,\n"
        "4,A,shipment,2024-01-02,1,yes\n5,A,gossip,2024-01-02,,\n6,A,survey,2024-01-02,,\n"
    )
    assert counts(run(MIXED, text), "signal") == (2, 0, 0, 4)
    assert [(refusal.line, refusal.field, refusal.reason.split(" of ")[0]) for refusal in run.refused] == [
        (4, "days_late", "is empty"),
        (5, "passed", "is not a field"),
        (6, "kind", "is none"),
        (7, "signal.score", "is missing in the mapping"),
    ]


def test_a_record_is_known_since_it_happened_unless_the_file_says_otherwise(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    run("orders", "external_id,account,ordered_at,amount\n1,A,2024-01-01 08:00,5\n")
    known_since = Order.objects.get().recorded_at
    assert known_since == dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)
    text = "external_id,account,ordered_at,amount,recorded_at\n1,A,2024-01-01 08:00,5,2024-01-05\n"
    assert counts(run("orders", text), "order") == (0, 1, 0, 0)
    assert Order.objects.get().recorded_at == dt.datetime(2024, 1, 5, tzinfo=dt.UTC)


def test_people_come_without_a_password_and_keep_the_one_they_set(run: Importer) -> None:
    department = make.department(slug="shipping")
    heading = "email,name,role,department\n"
    text = heading + "Head@Example.com,Head,department_head,shipping\nx@y.zz,X,boss,\nno mail,Y,executive,\n"
    assert counts(run("people", text), "person") == (1, 0, 0, 2)
    head = Person.objects.get(email="head@example.com")
    assert (head.department, head.is_active, head.has_usable_password()) == (department, True, False)
    head.set_password(make.PASSWORD)
    head.save()
    assert counts(run("people", text.replace(",Head,", ",Heidi,")), "person") == (0, 1, 0, 2)
    head.refresh_from_db()
    assert head.name == "Heidi"
    assert head.check_password(make.PASSWORD)


def test_mail_addresses_are_the_same_in_whatever_case(run: Importer) -> None:
    text = "email,name,role,department\nBoss@Example.com,One,executive,\nboss@example.com,Two,executive,\n"
    summary = run("people", text)
    assert counts(summary, "person") == (1, 0, 0, 0)
    assert summary.records["person"].superseded == 1
    assert Person.objects.get().name == "Two"


def test_an_empty_moment_of_recording_changes_nothing_that_is_known(run: Importer) -> None:
    text = "external_id,name,recorded_at\nA,Acme,2024-01-05\nB,Bolt,\n"
    assert counts(run("accounts", text), "account") == (2, 0, 0, 0)
    assert counts(run("accounts", text), "account") == (0, 0, 2, 0)
    assert counts(run("accounts", text.replace("2024-01-05", "")), "account") == (0, 0, 2, 0)
    assert Account.objects.get(external_id="A").recorded_at == dt.datetime(2024, 1, 5, tzinfo=dt.UTC)


def test_incidents_are_opened_once_with_their_department(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    kind = make.friction_type()
    heading = "external_id,account,friction_type,severity,title,happened_at\n"
    text = heading + f"1,A,{kind.slug},0.5,Late,2024-01-02\n2,A,none,0.5,X,2024-01-02\n"
    assert counts(run("incidents", text), "incident") == (1, 0, 0, 1)
    incident = Incident.objects.get()
    assert (incident.department, incident.severity) == (kind.department, 0.5)
    assert incident.responsibilities.get().share == 1
    assert counts(run("incidents", text), "incident") == (0, 0, 1, 1)


def test_contacts_holdings_and_the_rest_come_in_by_their_templates(run: Importer) -> None:
    run("accounts", ACCOUNTS)
    run("products", "external_id,name\nP,Care plan\n")
    holdings = "external_id,account,product,held_from,held_until,monthly_value\n"
    holdings += "1,A,P,2024-01-01,,10\n2,A,P,2024-02-01,2024-01-01,10\n"
    assert counts(run("holdings", holdings), "holding") == (1, 0, 0, 1)
    assert run.refused[0].reason == "is against the rule that holding ends after it begins"
    assert counts(run("contacts", "external_id,account,name,email\n1,A,Ann,ann@acme.fr\n"), "contact") == (1, 0, 0, 0)
    assert counts(run("releases", "external_id,name,promised_for\nR,Portal,2024-03-01\n"), "release") == (1, 0, 0, 0)
    assert counts(run("adoptions", "external_id,account,release,adopted_on\n1,A,R,2024-04-01\n"), "adoption") == (
        1,
        0,
        0,
        0,
    )
    touchpoints = "external_id,account,contact,channel,purpose,happened_at,minutes\n1,A,1,call,,2024-01-03 10:00,12\n"
    assert counts(run("touchpoints", touchpoints), "touchpoint") == (1, 0, 0, 0)
    assert Holding.objects.get().monthly_value == 10
    assert Contact.objects.get().touchpoints.get().purpose == "check_in"


RETAIL_HEADING = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"


def retail(*lines: str) -> str:
    return RETAIL_HEADING + "".join(f"{line},1.0,UK\n" for line in lines)


def test_a_credit_is_linked_to_the_latest_earlier_order_with_the_product(run: Importer) -> None:
    text = retail(
        "1,10001,a,10,2010-01-01 09:00,2",
        "2,10001,a,5,2010-02-01 09:00,2",
        "2,10002,b,1,2010-02-01 09:00,10",
        "3,10002,b,1,2010-03-01 09:00,10",
        "4,10001,a,5,2010-05-01 09:00,2",
        "C5,10001,a,-5,2010-04-01 09:00,2",
        "C6,99999,z,-5,2010-04-01 09:00,2",
        "C7,10002,b,-100,2010-04-01 09:00,10",
    )
    summary = run("online_retail_ii", text)
    assert (summary.records["signal"].created, summary.records["signal"].linked) == (3, 2)
    found = {
        signal.external_id: (signal.order.external_id if signal.order else None, signal.data.get("credited_share"))
        for signal in Signal.objects.select_related("order")
    }
    assert found == {"C5": ("2", 0.5), "C6": (None, None), "C7": ("3", 1)}
    assert Signal.objects.get(external_id="C5").data == {
        "amount": 10,
        "lines": 1,
        "issued": True,
        "credited_share": 0.5,
    }
    assert counts(run("online_retail_ii", text), "signal") == (0, 0, 3, 0)


def test_the_worth_of_an_account_is_read_off_its_orders(run: Importer) -> None:
    run(
        "online_retail_ii",
        retail("1,10001,a,1,2009-01-01 09:00,7", "2,10001,a,2,2010-02-01 09:00,2", "3,10001,a,1,2010-03-01 09:00,2"),
    )
    account = Account.objects.get()
    assert (account.annual_revenue, account.customer_since) == (Decimal(6), dt.date(2009, 1, 1))


def test_dates_can_be_shifted_to_end_now(run: Importer) -> None:
    summary = run(
        "online_retail_ii",
        retail("1,10001,a,1,2010-01-01 09:00,7", "2,10001,a,2,2010-02-01 09:00,2"),
        shift_to_now=True,
    )
    first, last = Order.objects.order_by("ordered_at").values_list("ordered_at", flat=True)
    now = dt.datetime.now(dt.UTC)
    assert now - dt.timedelta(weeks=1) < last <= now
    assert (last.date() - first.date()).days == 31
    assert summary.weeks_shifted > 800


def test_texts_arrive_letter_by_letter_whatever_signs_they_hold(run: Importer) -> None:
    names = ["tab\there", "line\nbreak", "return\rhere", r"back\slash \N \.", 'a "quoted" one', "naïve, Ωmega", r"\t"]
    text = io.StringIO()
    csv.writer(text).writerows([("external_id", "name"), *enumerate(names)])
    run("accounts", text.getvalue())
    assert list(Account.objects.order_by("external_id").values_list("name", flat=True)) == names


def test_what_the_database_refuses_while_rows_are_copied_is_raised(run: Importer, tmp_path: Path) -> None:
    path = tmp_path / "part0.csv"
    path.write_text("external_id,name\nA,Acme\n")
    with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
        import_files(
            mapping=find_mapping("accounts"),
            paths=[path],
            options=Options(),
            refuse=run.refused.append,
            report=drop_what_is_staged,
            acting_person=None,
        )
    assert not Account.objects.exists()


def drop_what_is_staged(_position: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_0_staged")


def test_online_retail_comes_in_as_it_is_known_to_be(run: Importer) -> None:
    path = online_retail()
    summary = run.files("online_retail_ii", [path])
    assert summary.lines.read == 525_461
    assert summary.lines.read == summary.lines.used + summary.lines.refused + sum(summary.lines.left_out.values())
    assert counts(summary, "account") == (4_383, 0, 0, 0)
    assert counts(summary, "order") == (18_966, 0, 0, 0)
    assert counts(summary, "signal") == (4_020, 0, 0, 0)
    assert Order.objects.values("account").distinct().count() == 4_285
    assert OrderLine.objects.count() == 406_295
    assert Signal.objects.filter(order__isnull=False).count() == summary.records["signal"].linked > 3_000
    assert run.refused == []
    again = run.files("online_retail_ii", [path])
    assert {kind: counts(again, kind) for kind in ("account", "order", "signal")} == {
        "account": (0, 0, 4_383, 0),
        "order": (0, 0, 18_966, 0),
        "signal": (0, 0, 4_020, 0),
    }
    assert again.derived == {"annual_revenue": 0, "customer_since": 0}


@pytest.mark.django_db(transaction=True)
def test_an_import_runs_in_a_session_that_has_taken_temporary_tables_back(run: Importer) -> None:
    connection.close()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE taken_back AS SELECT 1 AS number")
        transaction.set_rollback(True)
    assert counts(run("accounts", ACCOUNTS), "account") == (2, 0, 0, 0)
