"""Evidence on disk: files under the SHA-256 of their content, so that equal files are one.

A name never becomes a path, and a file is written whole or not at all: it is hashed while it is
written beside its place and moved there at the end. A file without a row (its transaction was
rolled back) does no harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from django.conf import settings

from itsm.core.errors import DomainError, Invalid, NotFound, TooLarge
from itsm.tickets.models import Attachment

#: What a browser may be told that a file is; everything else is bytes.
CONTENT_TYPES = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/msword",
        "application/pdf",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "message/rfc822",
        "text/csv",
        "text/plain",
    }
)
BYTES = "application/octet-stream"

_RESERVED = re.compile(r'[/\\:*?"<>|]')
_CHUNK = 2**16


class DamagedEvidenceError(DomainError):
    """The stored content is not what was attached. Nothing of it is served."""

    status, code, title = 500, "evidence-damaged", "This evidence is damaged"


def checked_name(name: str) -> str:
    """The name as kept. Raises Invalid (422) for one that could mislead a person or a program."""
    name = unicodedata.normalize("NFC", name.strip())
    if problem := _problem(name):
        raise Invalid(problem, fields={"file": [problem]})
    return name


def _problem(name: str) -> str:
    if not name or not name.strip(". "):
        return "The file has no name."
    if len(name) > 200:
        return "The name of the file has more than 200 characters."
    if _RESERVED.search(name):
        return "The name of the file has a character that file names do not have, such as a slash."
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in name):
        return "The name of the file has a character that cannot be seen."
    return ""


def checked_type(content_type: str) -> str:
    """The content type when it is on the list, else plain bytes."""
    plain = content_type.partition(";")[0].strip().lower()
    return plain if plain in CONTENT_TYPES else BYTES


def place_of(sha256: str) -> Path:
    return Path(settings.MEDIA_ROOT, Attachment(sha256=sha256).path)


def keep(chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write the content below MEDIA_ROOT; returns its SHA-256 and size.

    Raises TooLarge (413) beyond EVIDENCE_MAX_BYTES and Invalid (422) for an empty file.
    """
    folder = Path(settings.MEDIA_ROOT, "evidence")
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=folder, prefix="arriving-")
    try:
        with os.fdopen(handle, "wb") as target:
            sha256, size = _copy(chunks, target)
        _put(Path(path), place_of(sha256))
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
    return sha256, size


def _copy(chunks: Iterable[bytes], target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > settings.EVIDENCE_MAX_BYTES:
            limit = settings.EVIDENCE_MAX_BYTES / 2**20
            raise TooLarge(
                f"A file has at most {limit:,.0f} MiB here.", hint="Compress it, or link to it."
            )
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise Invalid("The file is empty.", fields={"file": ["The file is empty."]})
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _put(arrived: Path, place: Path) -> None:
    """Equal content that is there already is left in place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        arrived.chmod(0o640)
        arrived.replace(place)


def opened(attachment: Attachment) -> IO[bytes]:
    """The content, once its SHA-256 has been found to be that of the attachment."""
    try:
        stream = place_of(attachment.sha256).open("rb")
    except FileNotFoundError as error:
        raise NotFound(
            "The content of this evidence is not in the file store.",
            hint="Ask an ops manager to restore it from the backup of the media folder.",
        ) from error
    if hashlib.file_digest(stream, "sha256").hexdigest() != attachment.sha256:
        stream.close()
        raise DamagedEvidenceError(
            f"The stored content of “{attachment.name}” no longer matches its SHA-256.",
            hint="Ask an ops manager to restore it from the backup of the media folder.",
        )
    stream.seek(0)
    return stream
