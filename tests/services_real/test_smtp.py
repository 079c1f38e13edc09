"""Against a real mail server: what was meant arrives; a server that is away is waited for."""

import email
from email.message import Message as Mail
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import get_connection
from django.utils import timezone

from itsm.outbox import actions
from itsm.outbox.models import Message
from scripts.processes import LOOPBACK, free_port

pytestmark = pytest.mark.django_db


class Mailbox:
    """Keeps what arrives; refuses recipients that begin with `nobody`."""

    server: Controller

    def __init__(self) -> None:
        self.arrived: list[Mail] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(  # noqa: N802 (the server asks for this name)
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (the server asks for this name)
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.arrived.append(email.message_from_bytes(envelope.content, policy=default))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 Accepted"


@pytest.fixture
def mailbox(settings):
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname=LOOPBACK, port=port)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = LOOPBACK, port, False
    box.server = server
    server.start()
    yield box
    if box.server.loop.is_running():
        server.stop()


def message(**fields):
    known = {"channel": "email", "recipient": "ana@example.test", "body": "Hello", "subject": "Hi"}
    known["key"] = f"k-{Message.objects.count()}"
    return Message.objects.create(**(known | fields))


def test_message_arrives_as_it_was_written(mailbox):
    body = "Zürich 🙂\n.\n.. dots\n\nhttps://itsm.test/tickets/OPS-1/\n" + "x" * 2000
    row = message(subject="Grüße: 解決 🙂", body=body)
    assert actions.deliver_due() == 1
    (mail,) = mailbox.arrived
    row.refresh_from_db()
    assert row.state == "sent"
    assert mail["Subject"] == "Grüße: 解決 🙂"
    assert mail["Message-ID"] == row.provider_id
    assert mail["X-Idempotency-Key"] == row.key
    assert mail["To"] == "ana@example.test"
    assert mail.get_content().replace("\r\n", "\n").strip() == body.strip()
    assert mailbox.recipients == [["ana@example.test"]]


def test_header_injection_reaches_nobody_else(mailbox):
    message(subject="Hi\r\nBcc: eve@evil.test\r\n\r\nOwned")
    actions.deliver_due()
    (mail,) = mailbox.arrived
    assert mailbox.recipients == [["ana@example.test"]]
    assert mail["Bcc"] is None
    assert mail.get_content().strip() == "Hello"


def test_refused_recipient_is_a_failed_attempt_with_the_servers_words(mailbox):
    row = message(recipient="nobody@example.test")
    actions.deliver_due()
    row.refresh_from_db()
    assert row.state == "queued"
    assert "550" in row.tries.get().detail


def test_server_that_is_away_is_waited_for(mailbox, settings):
    mailbox.server.stop()
    row = message()
    actions.deliver_due()
    row.refresh_from_db()
    assert (row.state, mailbox.arrived) == ("queued", [])
    again = Controller(mailbox, hostname=LOOPBACK, port=settings.EMAIL_PORT)
    again.start()
    try:
        Message.objects.filter(pk=row.pk).update(due_at=timezone.now())
        actions.deliver_due()
    finally:
        again.stop()
    row.refresh_from_db()
    assert (row.state, len(mailbox.arrived)) == ("sent", 1)
    sender: Any = get_connection()
    assert sender.timeout == settings.EMAIL_TIMEOUT == 10


def test_repeat_after_a_crash_can_be_recognised(mailbox):
    row = message()
    actions.deliver_due()
    Message.objects.filter(pk=row.pk).update(
        state="sending", lease_until=timezone.now() - actions.LEASE
    )
    actions.deliver_due()
    first, second = mailbox.arrived
    assert first["Message-ID"] == second["Message-ID"]
