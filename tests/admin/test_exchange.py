"""Files in and out of the catalog: history for what comes in, no formulas in what goes out."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from itsm.audit.models import AuditEvent
from itsm.catalog.models import Label, Resource, Service
from itsm.core.cells import safe_cell, true_cell
from tests import factories
from tests.admin.addresses import url

CSV, XLSX = "0", "1"


def upload(client, model, text):
    """Both steps: the preview, then the confirmation."""
    file = SimpleUploadedFile("catalog.csv", text.encode(), "text/csv")
    preview = client.post(url(model, "import"), {"import_file": file, "format": CSV})
    if preview.status_code != 200 or not preview.context.get("confirm_form"):
        return preview
    confirm = preview.context["confirm_form"].initial
    return client.post(url(model, "process_import"), confirm, follow=True)


def test_import_writes_history_and_skips_what_is_unchanged(signed_in, manager):
    team = factories.team()
    same = factories.service(slug="same", name="Same", tier="important")
    changed = factories.service(slug="changed", name="Old", tier="important")
    text = (
        "slug,name,description,tier,owner,customer,retired_at\n"
        "same,Same,,important,,,\n"
        f"changed,New,,critical,{team.slug},,\n"
        "fresh,Fresh,,important,,,\n"
    )
    upload(signed_in(manager), Service, text)
    fresh = Service.objects.get(slug="fresh")
    changed.refresh_from_db()
    assert (changed.name, changed.tier, changed.owner) == ("New", "critical", team)
    assert (same.history.count(), changed.history.count(), fresh.history.count()) == (1, 2, 1)
    row = changed.history.first()
    assert row.history_change_reason == "Imported from catalog.csv"
    assert (row.history_user_id, row.history_origin) == (manager.pk, "admin")
    assert AuditEvent.objects.get(kind=AuditEvent.Kind.IMPORTED).actor_id == manager.pk


def test_one_bad_row_stops_the_whole_file(signed_in, manager):
    text = "slug,name,tier\ngood,Good,important\nbad,Bad,no-such-tier\n"
    response = upload(signed_in(manager), Service, text)
    assert "no-such-tier" in response.content.decode()
    assert not Service.objects.exists()


@pytest.mark.parametrize("text", ["", "slug\n", "\x00\xff", "a,b\n1\n2,3,4\n"])
def test_nonsense_is_refused_with_a_page(text, signed_in, manager):
    assert upload(signed_in(manager), Service, text).status_code == 200
    assert not Service.objects.exists()


def test_auditor_exports_and_does_not_import(signed_in, auditor, manager):
    factories.service()
    client = signed_in(auditor)
    assert client.get(url(Service, "import")).status_code == 403
    assert client.post(url(Service, "process_import"), {}).status_code == 403
    assert client.get(url(Service, "export")).status_code == 200
    assert upload(client, Service, "slug,name\nx,X\n").status_code == 403
    assert Service.objects.count() == 1


def export(client, model, kind):
    fields = {
        f"{model.__name__.lower()}resource_{name}": "on"
        for name in ("slug", "name", "description", "identifier", "account")
    }
    return client.post(url(model, "export"), {"format": kind, "resource": "", **fields})


def test_export_guards_formulas_and_is_in_the_trail(signed_in, manager):
    factories.service(slug="evil", name='=HYPERLINK("http://x")', description="@SUM(1)")
    response = export(signed_in(manager), Service, CSV)
    assert "'=HYPERLINK" in response.content.decode()
    assert "'@SUM(1)" in response.content.decode()
    sheet: Any = load_workbook(io.BytesIO(export(signed_in(manager), Service, XLSX).content)).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.EXPORTED).count() == 2


def test_export_comes_back_as_it_was(signed_in, manager):
    service = factories.service(name="-1 per cent", description="'quoted'")
    text = export(signed_in(manager), Service, CSV).content.decode()
    Service.objects.all()._raw_delete("default")
    upload(signed_in(manager), Service, text)
    again = Service.objects.get(slug=service.slug)
    assert (again.name, again.description) == ("-1 per cent", "'quoted'")


def test_labels_and_resources_are_found_by_their_names(signed_in, manager):
    upload(signed_in(manager), Label, "prefix,value,description\nke,ke-42,Known\n")
    assert str(Label.objects.get(value="ke-42")) == "ke:ke-42"
    account = factories.account()
    upload(signed_in(manager), Resource, f"account,identifier,name\n{account.number},i-1,Node\n")
    assert Resource.objects.get().account == account


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_cell_is_never_a_formula_and_comes_back(start):
    value = f"{start}cmd|' /C calc'!A0"
    assert safe_cell(value) == f"'{value}"
    assert true_cell(safe_cell(value)) == value


@pytest.mark.parametrize("value", ["plain", "'quoted", "", 5, None, -3.5, True])
def test_harmless_cell_stays(value):
    assert safe_cell(value) is value
    assert true_cell(value) == value
