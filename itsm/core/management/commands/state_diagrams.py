"""`manage.py state_diagrams [--check]`: the state machines as pages in docs/states/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models
from django_fsm import FSMField


class Command(BaseCommand):
    help = "Write a page with the diagram of every state machine; with --check only compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Fail when a page is out of date.")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "states"
        stale = [
            path
            for path, text in self._pages(folder)
            if not path.exists() or path.read_text(encoding="utf-8") != text
        ]
        if check and stale:
            names = ", ".join(path.name for path in stale)
            raise CommandError(f"Out of date: {names}. Run `manage.py state_diagrams`.")
        for path, text in self._pages(folder):
            if path in stale:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                self.stdout.write(f"Wrote {path.name}")

    def _pages(self, folder: Path) -> Iterator[tuple[Path, str]]:
        for model, field in machines():
            yield folder / f"{model._meta.model_name}s.md", page(model, field)


def machines() -> list[tuple[type[models.Model], FSMField]]:
    """Every model with a state machine; history models only copy the field."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, FSMField) and not hasattr(model, "history_object")
    ]


def page(model: type[models.Model], field: FSMField) -> str:
    """The page of one machine: diagram, what refuses a transition, and what each one means."""
    name = str(model._meta.verbose_name).capitalize()
    edges = sorted(_edges(model, field), key=lambda edge: _order(field, edge))
    initial = field.get_default()
    lines = [f"# {name} states", ""]
    lines += ["Written by `manage.py state_diagrams`; `make check` compares it.", ""]
    lines += ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {_id(value)}: {label}" for value, label in field.flatchoices]
    lines += [f"    [*] --> {_id(initial)}"]
    lines += [f"    {_id(e.source)} --> {_id(e.target)}: {_verb(e.name)}" for e in edges]
    lines += ["```", "", "| transition | from | to | refused while | meaning |"]
    lines += ["|---|---|---|---|---|"]
    for method in dict.fromkeys(edge.name for edge in edges):
        lines.append(_row(model, field, [edge for edge in edges if edge.name == method]))
    return "\n".join(lines) + "\n"


def _edges(model: type[models.Model], field: FSMField) -> Iterator[Any]:
    return (edge for edge in field.get_all_transitions(model) if edge.source != "*")


def _order(field: FSMField, edge: Any) -> tuple[int, int, str]:
    values = [value for value, _ in field.flatchoices]
    return values.index(edge.source), values.index(edge.target), edge.name


def _row(model: type[models.Model], field: FSMField, edges: list[Any]) -> str:
    labels = dict(field.flatchoices)
    method = getattr(model, edges[0].name)
    sources = ", ".join(str(labels[edge.source]) for edge in edges)
    conditions = " ".join(
        getattr(check, "sentence", check.__name__) for check in edges[0].conditions or ()
    )
    meaning = " ".join((method.__doc__ or "").split())
    cells = (_verb(edges[0].name), sources, str(labels[edges[0].target]), conditions, meaning)
    return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


def _verb(name: str) -> str:
    return name.removeprefix("mark_").replace("_", " ")


def _id(state: str) -> str:
    """Mermaid takes a hyphen in an id for an arrow."""
    return str(state).replace("-", "_")
