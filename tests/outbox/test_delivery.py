"""Messages: written with the command, delivered later, repeated with the same key, never lost."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from itsm.audit.models import AuditEvent
from itsm.core.errors import NotAllowed, WrongState
from itsm.outbox import actions, channels
from itsm.outbox.models import Attempt, Message
from itsm.people import roles
from itsm.timers.models import Heartbeat
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    """A channel whose behaviour a test sets; `sent` holds the keys it was given."""
    before = dict(channels.channels)

    class Probe:
        sent: list[str]

        def does(self, behave):
            def send(message):
                self.sent.append(message.key)
                return behave(message)

            channels.channels["probe"] = send

    probe = Probe()
    probe.sent = []
    probe.does(lambda message: "id-1")
    yield probe
    channels.channels.clear()
    channels.channels.update(before)


def message(**fields):
    known = {"channel": "probe", "recipient": "a@example.test", "subject": "S", "body": "B"}
    known["key"] = f"k-{Message.objects.count()}"
    return Message.objects.create(**(known | fields))


def again(row):
    return Message.objects.get(pk=row.pk)


def claimed():
    """What a worker has in hand."""
    found = actions._claim()
    assert found is not None
    return found


def due_now(row):
    Message.objects.filter(pk=row.pk).update(due_at=timezone.now())


def fails(message):
    raise ConnectionRefusedError(111, "Connection refused")


def test_message_is_delivered_with_its_receipt(channel):
    row = message()
    assert actions.deliver_due() == 1
    row = again(row)
    assert (row.state, row.provider_id, row.attempts, row.lease_until) == ("sent", "id-1", 1, None)
    assert row.sent_at is not None
    (attempt,) = row.tries.all()
    assert attempt.delivered
    assert actions.deliver_due() == 0


def test_same_event_is_told_once():
    person, service = factories.person(), factories.service()
    for _ in range(2):
        actions.queue(
            [actions.compose(service, "x.happened", subject="S", body="B", to=person), None]
        )
    assert Message.objects.count() == 1
    actions.queue([actions.compose(service, "x.again", subject="S", body="B", to=person)])
    assert Message.objects.count() == 2


def test_person_without_an_address_gets_nothing():
    assert (
        actions.compose(
            factories.service(), "x", subject="S", body="B", to=factories.person(email="")
        )
        is None
    )


def test_failed_delivery_waits_and_is_tried_again(channel):
    channel.does(fails)
    row = message()
    waits = []
    for _ in actions.BACKOFF:
        assert actions.deliver_due() == 1
        row = again(row)
        assert row.state == "queued"
        waits.append(row.due_at - timezone.now())
        assert actions.deliver_due() == 0
        due_now(row)
    assert waits == sorted(waits)
    actions.deliver_due()
    row = again(row)
    assert (row.state, row.attempts) == ("dead", len(actions.BACKOFF) + 1)
    assert row.tries.filter(delivered=False).count() == len(actions.BACKOFF) + 1
    assert "Connection refused" in row.tries.last().detail
    assert len(set(channel.sent)) == 1
    assert actions.deliver_due() == 0


def test_unknown_channel_is_a_failure_and_blocks_nobody(channel):
    bad, good = message(channel="pigeon"), message()
    Message.objects.filter(pk=bad.pk).update(due_at=timezone.now() - dt.timedelta(hours=1))
    assert actions.deliver_due() == 2
    assert (again(bad).state, again(good).state) == ("queued", "sent")
    assert "pigeon" in bad.tries.get().detail


@pytest.mark.parametrize("text", ["nul \x00", "half \ud800", "x" * 50_000, "ü🙂"])
def test_error_of_any_text_is_kept(text, channel):
    def behave(message):
        raise RuntimeError(text)

    channel.does(behave)
    row = message()
    actions.deliver_due()
    assert again(row).state == "queued"
    assert row.tries.count() == 1


@pytest.mark.parametrize("text", ["nul \x00", "x" * 5000, ""])
def test_providers_answer_of_any_text_is_kept(text, channel):
    channel.does(lambda message: text)
    row = message()
    actions.deliver_due()
    assert again(row).state == "sent"


def test_expired_lease_is_delivered_again_with_the_same_key(channel):
    """A worker died between sending and writing it down."""
    row = message(state="sending", attempts=1, lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert actions.deliver_due() == 1
    assert channel.sent == [row.key]
    assert (again(row).state, again(row).attempts) == ("sent", 2)


def test_running_lease_is_left_alone(channel):
    row = message(
        state="sending", attempts=1, lease_until=timezone.now() + dt.timedelta(seconds=60)
    )
    assert actions.deliver_due() == 0
    assert again(row).state == "sending"


def test_overtaken_worker_does_not_undo_the_delivery(channel):
    """The slow one failed after its lease ran out; the quick one had delivered meanwhile."""
    row = message()
    slow = claimed()
    Message.objects.filter(pk=row.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert actions.deliver_due() == 1
    actions._record(slow, delivered=False, detail="timeout")
    assert again(row).state == "sent"
    assert list(row.tries.values_list("delivered", flat=True)) == [True, False]


def test_overtaken_worker_that_failed_leaves_the_other_its_lease():
    row = message()
    slow = claimed()
    Message.objects.filter(pk=row.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    quick = claimed()
    actions._record(slow, delivered=False, detail="timeout")
    assert (again(row).state, again(row).lease_until) == ("sending", quick.lease_until)
    actions._record(quick, delivered=True, detail="id")
    assert again(row).state == "sent"


def test_overtaken_worker_that_delivered_counts():
    row = message()
    slow = claimed()
    Message.objects.filter(pk=row.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    quick = claimed()
    actions._record(slow, delivered=True, detail="slow-id")
    actions._record(quick, delivered=False, detail="timeout")
    assert (again(row).state, again(row).provider_id) == ("sent", "slow-id")


def test_message_of_an_undone_command_is_not_sent(channel):
    with transaction.atomic():
        message()
        transaction.set_rollback(True)
    assert actions.deliver_due() == 0
    assert channel.sent == []


def test_limit_leaves_the_rest(channel):
    for _ in range(3):
        message()
    assert actions.deliver_due(limit=2) == 2
    assert actions.deliver_due(limit=2) == 1


def test_delivery_leaves_a_sign_of_life():
    actions.deliver_due()
    assert Heartbeat.objects.filter(name="outbox.deliver").exists()


def test_open_messages_are_found_by_the_partial_index(channel):
    Message.objects.bulk_create(
        [
            Message(
                channel="probe",
                recipient="a",
                body="b",
                key=f"{n}",
                state="sent",
                sent_at=timezone.now(),
                due_at=timezone.now(),
            )
            for n in range(5000)
        ]
    )
    message()
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    plan = Message.objects.deliverable()[:1].explain()
    if connection.vendor == "postgresql":
        assert "outbox_open_by_due" in plan


# Sending again


def test_dead_letter_is_sent_again_by_an_ops_manager(channel):
    row = message(state="dead", attempts=8)
    manager = factories.person(roles.OPS_MANAGER)
    actions.resend(row, by=manager)
    assert (again(row).state, again(row).attempts) == ("queued", 0)
    actions.deliver_due()
    assert again(row).state == "sent"


@pytest.mark.parametrize("group", [g for g in roles.ALL if g != roles.OPS_MANAGER])
def test_others_send_nothing_again(group):
    row, by = message(state="dead", attempts=8), factories.person(group)
    with pytest.raises(NotAllowed):
        actions.resend(row, by=by)
    assert again(row).state == "dead"
    assert AuditEvent.objects.get(kind="refused").actor_id == by.pk


@pytest.mark.parametrize("state", ["queued", "sent"])
def test_only_dead_letters_are_sent_again(state):
    row = message(state=state, sent_at=timezone.now())
    with pytest.raises(WrongState):
        actions.resend(row, by=factories.person(roles.OPS_MANAGER))


# E-mail


def test_mail_carries_its_key_and_says_that_a_machine_wrote_it():
    row = message(channel="email", key="tickets.ticket-1-resolved.3-email-7")
    actions.deliver_due()
    (sent,) = mail.outbox
    assert sent.extra_headers["Message-ID"] == again(row).provider_id
    assert sent.extra_headers["X-Idempotency-Key"] == row.key
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"


def test_repeated_mail_has_the_same_message_id():
    row = message(channel="email")
    actions.deliver_due()
    Message.objects.filter(pk=row.pk).update(
        state="sending", lease_until=timezone.now() - dt.timedelta(seconds=1)
    )
    actions.deliver_due()
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


@pytest.mark.parametrize(
    "subject",
    [
        "Resolved\r\nBcc: everyone@evil.test",
        "Resolved\nContent-Type: text/html\n\n<script>",
        "Resolved\r\n\r\nA body of its own",
        "\x0bResolved\x0c\x85\u2028\u2029X: y",
    ],
)
def test_subject_adds_no_header(subject):
    message(channel="email", subject=subject)
    actions.deliver_due()
    (sent,) = mail.outbox
    raw = sent.message()
    assert raw["Bcc"] is None
    assert raw["X"] is None
    assert raw.get_content_type() == "text/plain"
    assert sent.recipients() == ["a@example.test"]


@pytest.mark.parametrize("recipient", ["a@b.test\nBcc: x@y.test", "a@b.test\r\nTo: x@y.test"])
def test_recipient_adds_no_header(recipient):
    row = message(channel="email", recipient=recipient)
    actions.deliver_due()
    assert mail.outbox == []
    assert again(row).state == "queued"


@pytest.mark.parametrize(
    "subject", ["Grüße aus Zürich", "解決しました 🙂", "ü" * 300, "", "  a\t b "]
)
def test_subject_of_any_script(subject):
    message(channel="email", subject=subject)
    actions.deliver_due()
    (sent,) = mail.outbox
    from email.header import decode_header, make_header

    shown = str(make_header(decode_header(sent.message()["Subject"])))
    assert shown.split() == subject.split()


def test_attempts_are_kept_for_good():
    row = message(channel="pigeon")
    actions.deliver_due()
    from django.db import DatabaseError

    with pytest.raises(DatabaseError), transaction.atomic():
        Attempt.objects.filter(message=row).update(delivered=True)
