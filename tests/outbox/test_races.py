"""Several workers at one outbox: each message goes out once."""

import pytest

from itsm.outbox import actions, channels
from itsm.outbox.models import Message
from tests.timers.conftest import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_workers_deliver_each_message_once(monkeypatch):
    sent: list[str] = []

    def send(message: Message) -> str:
        sent.append(message.key)
        return "id"

    monkeypatch.setitem(channels.channels, "probe", send)
    for number in range(60):
        Message.objects.create(channel="probe", recipient="a", body="b", key=f"k-{number}")
    taken = in_threads(*[actions.deliver_due] * 3)
    assert not [result for result in taken if isinstance(result, Exception)]
    assert sum(taken) == 60
    assert len(sent) == len(set(sent)) == 60
    assert Message.objects.filter(state="sent", attempts=1).count() == 60
