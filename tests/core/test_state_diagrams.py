"""The pages of the state machines tell what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from itsm.core.management.commands.state_diagrams import machines, page


def test_pages_in_the_repository_are_up_to_date() -> None:
    call_command("state_diagrams", "--check")


def test_pages_are_written_and_compared(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"incidents\.md"):
        call_command("state_diagrams", "--check")
    call_command("state_diagrams", verbosity=0)
    call_command("state_diagrams", "--check")
    written = tmp_path / "docs" / "states" / "incidents.md"
    written.write_text(written.read_text() + "by hand")
    with pytest.raises(CommandError, match=r"Out of date: incidents\.md"):
        call_command("state_diagrams", "--check")


def test_history_models_have_no_page_of_their_own() -> None:
    names = [model.__name__ for model, _ in machines()]
    assert {"Ticket", "Incident"} <= set(names)
    assert not [name for name in names if name.startswith("Historical")]


def test_page_has_every_state_and_the_sentences_of_conditions() -> None:
    text = page(Incident, Incident._meta.get_field("state"))
    assert all(f"    {state}: {label}" in text for state, label in Incident.State.choices)
    assert "    detected --> resolved: healed" in text
    assert "It was resolved more than 14 days ago" in text
