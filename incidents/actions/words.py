"""Text that people and machines give to commands, checked once for every door."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from itsm.core.errors import Invalid
from itsm.core.text import validate_storable


def clean(name: str, text: str) -> str:
    """The text without outer space. Raises Invalid (422) for what no database here can store."""
    try:
        validate_storable(text)
    except ValidationError as error:
        raise Invalid(error.messages[0], fields={name: error.messages}) from error
    return text.strip()


def required(name: str, text: str) -> str:
    """The same; Invalid (422) when nothing is left."""
    text = clean(name, text)
    if not text:
        sentence = "Say why." if name == "reason" else f"Fill in the {name}."
        raise Invalid(sentence, fields={name: [sentence]})
    return text
