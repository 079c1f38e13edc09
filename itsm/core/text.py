"""Text from outside: what is accepted, and how Markdown becomes safe HTML."""

from __future__ import annotations

import functools
import re
from typing import Any

import nh3
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAGS = frozenset(
    """p br hr h1 h2 h3 h4 h5 h6 em strong s del code pre blockquote ul ol li a
    table thead tbody tr th td""".split()  # noqa: SIM905 (a list of tags reads best as words)
)


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database here can store."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """The same for every string inside a JSON value, keys included."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(item) for item in value]
        case dict():
            return {storable(key): storable_json(item) for key, item in value.items()}
    return value


def validate_storable(text: str) -> None:
    """Field validator: refuse NUL and lone surrogates with a sentence."""
    if _UNSTORABLE.search(text):
        raise ValidationError("Remove the characters that cannot be stored (NUL or broken emoji).")


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
        ["table", "strikethrough"]
    )


def render_markdown(source: str) -> SafeString:
    """Markdown as sanitised HTML: no raw HTML, images, styles or foreign schemes."""
    html = nh3.clean(
        _markdown().render(source),
        tags=set(_TAGS),
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(html)
