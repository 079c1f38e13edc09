"""The rules of the house that a linter does not know: each is named with its exceptions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.db import models
from django_fsm import FSMField

ROOT = Path(__file__).resolve().parent.parent
OURS = ("itsm", "incidents")
LABELS = {"people", "catalog", "timers", "outbox", "audit", "portal", "tickets", "incidents"}


def sources() -> list[Path]:
    found = [path for name in OURS for path in (ROOT / name).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def our_models() -> list[Any]:
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in LABELS and not model.__name__.startswith("Historical")
    ]


# What writes past `save()` leaves no history: each place is here, with what makes it right.

SILENT = {
    "update",
    "bulk_create",
    "bulk_update",
    "update_or_create",
    "raw",
    "extra",
    "_raw_delete",
    "execute",
    "executemany",
}
ALLOWED = {
    "itsm/audit/guards.py::installed": "reads the catalog of the database",
    "itsm/audit/guards.py::install": "makes triggers",
    "itsm/audit/guards.py::lifted": "lifts them, in test databases only",
    "itsm/core/health.py::_database": "asks whether the database answers",
    "itsm/core/inserts.py::run": "writes rows with their history in one statement",
    "itsm/demo/story.py::next_key": "moves the counter of keys on an empty trial database",
    "itsm/outbox/actions.py::queue": "messages keep attempts instead of history",
    "itsm/timers/actions.py::cancel": "timers are their own receipt",
    "itsm/timers/models.py::beat": "a heartbeat is overwritten by the next",
    "itsm/timers/sweep.py::watch": "timers are their own receipt",
    "incidents/actions/merging.py::merge": "raw alerts have no history; the merge has",
    "incidents/imports/spool.py::take": "a scratch file of the import",
    "incidents/imports/spool.py::cases": "a scratch file of the import",
    "incidents/imports/writing.py::_rewritten": "writes the history row in its next line",
    "incidents/intake/leading.py::_remember": "alert groups are a memory of the intake",
    "incidents/intake/process.py::bury": "dead letters are kept as they came",
}


def silent_writes(path: Path) -> Iterator[str]:
    """`file::function` of each call that may write past `save()`; a dict's own update is none."""
    name = path.relative_to(ROOT).as_posix()

    def walk(node: ast.AST, inside: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            here = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else inside
            if isinstance(child, ast.Call) and _is_silent(child):
                yield f"{name}::{here}"
            yield from walk(child, here)

    yield from walk(ast.parse(path.read_text()), "<module>")


def _is_silent(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in SILENT:
        return False
    if call.func.attr != "update":
        return True
    return bool(call.keywords) and not call.args


def test_nothing_writes_past_the_history_but_named_helpers():
    found = {place for path in sources() for place in silent_writes(path)}
    assert found <= ALLOWED.keys(), f"write through a command: {sorted(found - ALLOWED.keys())}"


def test_list_of_helpers_is_not_longer_than_needed():
    found = {place for path in sources() for place in silent_writes(path)}
    assert ALLOWED.keys() <= found, f"no longer there: {sorted(ALLOWED.keys() - found)}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Ticket.objects.filter(pk=1).update(state='x')", True),
        ("Ticket.objects.bulk_update(rows, ['state'])", True),
        ("cursor.execute('delete from x')", True),
        ("rows._raw_delete('default')", True),
        ("known.update({'a': 1})", False),
        ("digest.update(chunk)", False),
        ("bar.update(5)", False),
        ("ticket.save()", False),
    ],
)
def test_silent_write_is_told_from_a_harmless_call(code, expected):
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert _is_silent(call) is expected


# Models

NO_HISTORY = {
    "timers.Timer": "the row is the receipt: planned, actual, lateness, outcome",
    "timers.Heartbeat": "only the last sign of life counts",
    "outbox.Message": "its attempts are kept",
    "incidents.Alert": "raw alerts: what they do to incidents has history",
    "incidents.AlertGroup": "a memory of the intake",
    "incidents.DropCount": "a counter",
    "incidents.DeadLetter": "kept as it came; handled once, by whom and why is on the row",
}


def test_every_record_has_history_or_says_why_not():
    without = {
        model._meta.label
        for model in our_models()
        if not hasattr(model, "history") and not getattr(model, "append_only", False)
    }
    assert without == NO_HISTORY.keys()


def test_states_are_protected():
    for model in our_models():
        for field in model._meta.fields:
            if isinstance(field, FSMField):
                assert field.protected, f"{model._meta.label}.{field.name}"
            elif field.name == "state" and not isinstance(field, models.ForeignKey):
                assert model._meta.label in NO_HISTORY, f"{model._meta.label} has a plain state"


#: Moment and person that need not come together, and why.
LOOSE_PAIRS: dict[str, str] = {
    "tickets.TicketLabel.added": "both are required columns",
    "tickets.TicketLink.created": "both are required columns",
    "tickets.Attachment.uploaded": "both are required columns",
}


def test_moments_and_people_come_in_pairs():
    """`approved_at` without `approved_by` proves nothing: a constraint ties the two."""
    for model in our_models():
        names = {
            field.name: field for field in model._meta.get_fields() if hasattr(field, "column")
        }
        for name, moment in names.items():
            stem = name.removesuffix("_at")
            person = names.get(f"{stem}_by")
            if name == stem or person is None:
                continue
            if not (moment.null or person.null):
                assert f"{model._meta.label}.{stem}" in LOOSE_PAIRS
                continue
            tied = [
                c
                for c in model._meta.constraints
                if isinstance(c, models.CheckConstraint)
                and {name, f"{stem}_by"}
                <= set(re.findall(r"\w+_(?:at|by)\b", str(c.condition).replace("__isnull", "")))
            ]
            assert tied, f"{model._meta.label}: {name} and {stem}_by are not tied by a constraint"


def test_deleting_one_record_never_edits_another_in_silence():
    """SET_NULL is an update without history: the reference is protected instead."""
    for model in our_models():
        if hasattr(model, "history"):
            for field in model._meta.fields:
                if isinstance(field, models.ForeignKey):
                    assert field.remote_field.on_delete is not models.SET_NULL, (
                        f"{model._meta.label}.{field.name}"
                    )


def test_constraints_are_named_for_their_app():
    for model in our_models():
        for named in [*model._meta.constraints, *model._meta.indexes]:
            assert named.name.startswith((model._meta.app_label, model._meta.app_label.rstrip("s")))


def test_models_say_what_they_are():
    for model in our_models():
        assert model.__doc__
        assert not model.__doc__.startswith(f"{model.__name__}("), model


# Files


def test_no_file_is_a_drawer():
    for path in sources():
        assert path.stem not in {"utils", "helpers", "misc", "common_utils"}, path


def test_tasks_have_names_of_their_own():
    current_app.loader.import_default_modules()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if getattr(called, "id", getattr(called, "attr", "")) in {
                        "shared_task",
                        "task",
                    }:
                        assert isinstance(decorator, ast.Call), f"{path}::{node.name}"
                        assert any(k.arg == "name" for k in decorator.keywords), node.name


def test_schedule_names_tasks_that_there_are():
    from django.conf import settings

    current_app.autodiscover_tasks(force=True)
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(
        current_app.tasks
    )


INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:", re.IGNORECASE
)


def test_templates_have_no_inline_script_or_style():
    """The content policy refuses them; a page that has some is a page that does not work."""
    folders = [ROOT / "templates", *(ROOT / name for name in OURS)]
    for template in {path for folder in folders for path in folder.rglob("*.html")}:
        for number, line in enumerate(template.read_text().splitlines(), 1):
            assert not INLINE.search(line), f"{template.relative_to(ROOT)}:{number}: {line.strip()}"


def test_people_are_told_of_no_machinery():
    """Neither tickets of a tracker nor names of tools belong in what ships."""
    told = re.compile(r"\b(TODO|FIXME|XXX|coming soon)\b")
    for path in [*sources(), *(ROOT / "templates").rglob("*.html")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not told.search(line), f"{path.relative_to(ROOT)}:{number}"
