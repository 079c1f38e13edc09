"""`manage.py import_tickets`: previews, exit statuses, JSON."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from itsm.tickets.models import Ticket
from tests import factories
from tests.incidents.imports.exports import COLUMNS, export, life, row

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    call_command("import_tickets", *map(str, arguments), "--mapping", "servicenow", **options)


def refused(*arguments) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2
    return caught.value


def test_without_execute_nothing_is_written(tmp_path, capsys):
    run(export(tmp_path, life("INC1")))
    assert "Would write: 1 new case" in capsys.readouterr().out
    assert Ticket.objects.count() == 0


def test_execute_writes_under_the_name_given(tmp_path, capsys):
    by = factories.responder(username="kim")
    run(export(tmp_path, life("INC1")), "--execute", "--by", "kim")
    assert "Written: 1 new case" in capsys.readouterr().out
    assert Ticket.history.get().history_user_id == by.pk


def test_rows_with_errors_end_with_status_1(tmp_path, capsys):
    path = export(tmp_path, [*life("INC1"), row(at="?", number="INC2")])
    with pytest.raises(SystemExit) as ended:
        run(path, "--execute")
    assert ended.value.code == 1
    assert Ticket.objects.count() == 1
    assert "line 8, sys_updated_at: is missing" in capsys.readouterr().out


def test_a_missing_column_ends_with_status_2_and_names_what_is_there(tmp_path):
    path = export(tmp_path, life("INC1"), columns=[c for c in COLUMNS if c != "opened_at"])
    error = refused(path)
    assert "lacks the column opened_at" in str(error)
    assert "number, incident_state" in str(error)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--zone", "Mars/Base"], "not a time zone"),
        (["--by", "nobody"], "no active person"),
        (["--encoding", "utf-9"], "no encoding"),
    ],
)
def test_what_cannot_be_used_ends_with_status_2(tmp_path, arguments, said):
    assert said in str(refused(export(tmp_path, life("INC1")), *arguments))


def test_a_machine_or_an_inactive_person_cannot_be_named(tmp_path):
    factories.machine(username="robot")
    factories.person(username="gone", is_active=False)
    path = export(tmp_path, life("INC1"))
    for name in ("robot", "gone", "system"):
        assert "no active person" in str(refused(path, "--by", name))


def test_the_report_is_available_as_json(tmp_path, capsys):
    run(export(tmp_path, life("INC1")), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["cases"], told["events"], told["executed"]) == (1, 6, False)
    assert told["standing"] == {
        "new": 1,
        "already there": 0,
        "later events": 0,
        "edited here": 0,
    }
    assert told["from"] == "2026-03-01T08:01:00+00:00"


def test_semicolons_and_a_byte_order_mark_work_through_the_command(tmp_path):
    path = export(tmp_path, life("INC1"), delimiter=";", encoding="utf-8-sig")
    run(path, "--execute")
    assert Ticket.objects.get().source_ref == "INC1"


def test_numbers_above_zero_are_wanted(tmp_path):
    with pytest.raises(CommandError, match="not a number above 0"):
        run(export(tmp_path, life("INC1")), "--batch", "0")
