"""Evidence and comments: what is kept, what is refused, who gets it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from itsm.audit.models import AuditEvent
from itsm.core.errors import Invalid, NotAllowed, NotFound, TooLarge
from itsm.outbox.models import Message
from itsm.people import roles
from itsm.tickets import storage
from itsm.tickets.actions import comments, evidence
from itsm.tickets.models import Attachment, Comment
from tests import factories

pytestmark = pytest.mark.django_db

TEXT = b"Disk full on node 7\n"
SHA = hashlib.sha256(TEXT).hexdigest()


def kept_files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_evidence_is_kept_under_its_hash() -> None:
    worker = factories.responder()
    found = evidence.attach(
        factories.ticket(by=worker),
        by=worker,
        name="df.txt",
        content=[TEXT[:7], TEXT[7:]],
        content_type="text/plain; charset=utf-8",
    )
    assert (found.sha256, found.size, found.content_type) == (SHA, len(TEXT), "text/plain")
    assert storage.place_of(SHA).read_bytes() == TEXT
    assert str(storage.place_of(SHA)).endswith(f"evidence/{SHA[:2]}/{SHA[2:4]}/{SHA}")


def test_equal_evidence_is_one_file_and_one_row_a_name() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    rows = [
        evidence.attach(ticket, by=worker, name=name, content=[TEXT])
        for name in ("a.txt", "a.txt", "b.txt")
    ]
    assert rows[0] == rows[1] != rows[2]
    assert len(kept_files()) == 1


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "application/javascript", "", "nonsense\r\nX: y"]
)
def test_evidence_of_a_type_that_could_run_is_plain_bytes(content_type: str) -> None:
    assert storage.checked_type(content_type) == "application/octet-stream"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        ".",
        "..",
        "../../etc/passwd",
        "a/b.txt",
        "a\\b.txt",
        "a\x00.txt",
        "a\nb.txt",
        "invoice\u202egnp.exe",
        "a\u200bb.txt",
        'a"b.txt',
        "C:x",
        "x" * 201,
    ],
)
def test_evidence_with_an_odd_name_is_refused(name: str) -> None:
    worker = factories.responder()
    with pytest.raises(Invalid) as refusal:
        evidence.attach(factories.ticket(by=worker), by=worker, name=name, content=[TEXT])
    assert "file" in refusal.value.fields
    assert kept_files() == []


def test_empty_evidence_is_refused() -> None:
    worker = factories.responder()
    with pytest.raises(Invalid, match="empty"):
        evidence.attach(factories.ticket(by=worker), by=worker, name="a.txt", content=[])
    assert kept_files() == []


def test_evidence_beyond_the_limit_is_refused_and_leaves_nothing(settings: LazySettings) -> None:
    settings.EVIDENCE_MAX_BYTES = 10
    worker = factories.responder()
    with pytest.raises(TooLarge):
        evidence.attach(factories.ticket(by=worker), by=worker, name="a.txt", content=[TEXT])
    assert kept_files() == []


def test_evidence_is_not_read_before_the_permission_is_asked() -> None:
    read: list[bytes] = []

    def content() -> Iterator[bytes]:
        read.append(TEXT)
        yield TEXT

    with pytest.raises(NotAllowed):
        evidence.attach(factories.ticket(), by=factories.person(), name="a.txt", content=content())
    assert read == []


def test_evidence_and_comments_are_never_edited() -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    row = evidence.attach(ticket, by=worker, name="a.txt", content=[TEXT])
    comment = comments.add(ticket, by=worker, body="Seen")
    for change in (
        lambda: Attachment.objects.filter(pk=row.pk).update(name="b.txt"),
        lambda: Comment.objects.filter(pk=comment.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_download_is_an_attachment_and_is_in_the_trail(client: Client) -> None:
    worker = factories.responder()
    row = evidence.attach(factories.ticket(by=worker), by=worker, name="day 1.html", content=[TEXT])
    client.force_login(worker)
    answer = client.get(f"/tickets/{row.ticket.reference}/evidence/{row.pk}/")
    assert b"".join(answer) == TEXT
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.DOWNLOADED)
    assert (event.actor_id, event.target_id, event.data["sha256"]) == (worker.pk, row.pk, SHA)


def test_download_of_damaged_content_is_refused(client: Client) -> None:
    worker = factories.responder()
    row = evidence.attach(factories.ticket(by=worker), by=worker, name="a.txt", content=[TEXT])
    storage.place_of(SHA).write_bytes(b"Disk fine on node 7\n")
    with pytest.raises(storage.DamagedEvidenceError):
        evidence.download(row, by=worker)
    storage.place_of(SHA).unlink()
    with pytest.raises(NotFound):
        evidence.download(row, by=worker)
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.DOWNLOADED).exists()


def test_download_is_for_those_who_see_the_ticket(client: Client) -> None:
    own = factories.customer()
    owner = factories.person(roles.REQUESTER, customer=own)
    ticket = factories.ticket(requester=owner, customer=own)
    worker = factories.responder()
    public = evidence.attach(ticket, by=worker, name="a.txt", content=[TEXT])
    secret = evidence.attach(ticket, by=worker, name="b.txt", content=[TEXT], internal=True)
    seen = {
        owner: (200, 404),
        factories.person(roles.CUSTOMER, customer=own): (200, 404),
        factories.person(roles.AUDITOR): (200, 200),
        factories.person(roles.CUSTOMER, customer=factories.customer()): (404, 404),
        factories.person(roles.REQUESTER): (404, 404),
    }
    for person, wanted in seen.items():
        client.force_login(person)
        answers = []
        for row in (public, secret):
            answer = client.get(f"/tickets/{ticket.reference}/evidence/{row.pk}/")
            answers.append(answer.status_code)
            b"".join(answer)
        assert tuple(answers) == wanted, person.group_names


def test_download_by_another_tickets_address_is_not_found(client: Client) -> None:
    worker = factories.responder()
    row = evidence.attach(factories.ticket(by=worker), by=worker, name="a.txt", content=[TEXT])
    other = factories.ticket(by=worker)
    client.force_login(worker)
    assert client.get(f"/tickets/{other.reference}/evidence/{row.pk}/").status_code == 404


def test_upload_by_the_page(client: Client) -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    client.force_login(worker)
    upload = SimpleUploadedFile("df.txt", TEXT, content_type="text/plain")
    answer = client.post(f"/tickets/{ticket.reference}/attach/", {"file": upload})
    assert answer.status_code == 302
    assert ticket.attachments.get().sha256 == SHA


def test_upload_beyond_the_limit_is_413(client: Client, settings: LazySettings) -> None:
    settings.EVIDENCE_MAX_BYTES = 10
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    client.force_login(worker)
    upload = SimpleUploadedFile("df.txt", TEXT)
    assert client.post(f"/tickets/{ticket.reference}/attach/", {"file": upload}).status_code == 413


def test_upload_of_nothing_is_422(client: Client) -> None:
    worker = factories.responder()
    ticket = factories.ticket(by=worker)
    client.force_login(worker)
    address = f"/tickets/{ticket.reference}/attach/"
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"file": SimpleUploadedFile("a.txt", b"")}).status_code == 422


# Comments


def test_public_comment_is_told_to_requester_and_assignee() -> None:
    worker, owner = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket(by=worker, requester=owner)
    comments.add(ticket, by=worker, body="Looking at it")
    last = Message.objects.order_by("-pk")[0]
    assert (last.recipient, "Looking at it" in last.body) == (owner.email, True)


def test_internal_comment_is_not_told_to_the_requester() -> None:
    worker, owner = factories.responder(), factories.person(roles.REQUESTER)
    ticket = factories.ticket(by=worker, requester=owner)
    before = Message.objects.count()
    comments.add(ticket, by=worker, body="They did it themselves", internal=True)
    assert Message.objects.count() == before


@pytest.mark.parametrize("body", ["", " \n ", "x" * (comments.MAX_LENGTH + 1), "a\x00b", "\ud800"])
def test_comment_that_cannot_be_kept_is_refused(body: str) -> None:
    worker = factories.responder()
    with pytest.raises(Invalid) as refusal:
        comments.add(factories.ticket(by=worker), by=worker, body=body)
    assert "body" in refusal.value.fields
