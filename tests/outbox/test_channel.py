"""Where a message goes: by e-mail when a mail server is named, else into the log."""

import pytest
from django.test import override_settings

from itsm.outbox.actions import compose, deliver_due, queue
from itsm.outbox.models import Message
from tests.factories import responder, ticket

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("channel", ["email", "console"])
def test_message_takes_the_channel_of_the_installation(channel):
    worker = responder()
    made = ticket(by=worker)
    with override_settings(MESSAGE_CHANNEL=channel):
        message = compose(made, "ticket.told", subject="Hello", body="x", to=worker)
    assert message is not None
    assert message.channel == channel


def test_without_a_mail_server_a_message_is_delivered_to_the_log(caplog):
    worker = responder()
    made = ticket(by=worker)
    with override_settings(MESSAGE_CHANNEL="console"):
        queue([compose(made, "ticket.told", subject="Disk is full", body="x", to=worker)])
    deliver_due()
    told = Message.objects.get(subject="Disk is full")
    assert told.state == Message.State.SENT
    assert "Disk is full" in caplog.text
