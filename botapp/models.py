"""The bot's technical state. No events hang on it; every row here may be deleted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from history.models import Event
from receipts.models import Assignment
from staff.models import Employee
from workshop.lib import clock


class InboundUpdate(models.Model):
    """One update as Telegram sent it, stored before it is confirmed there."""

    NEW, DONE, FAILED = "new", "done", "failed"
    STATES = [(NEW, _("waiting")), (DONE, _("done")), (FAILED, _("failed"))]

    bot_id = models.BigIntegerField()
    update_id = models.BigIntegerField()
    chat_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    # Text, not JSON: PostgreSQL refuses the NUL characters that people can send.
    raw = models.TextField()
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=6, choices=STATES, default=NEW)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("incoming update")
        verbose_name_plural = _("incoming updates")
        constraints = [
            models.UniqueConstraint(fields=["bot_id", "update_id"], name="inbound_update_once")
        ]
        indexes = [
            models.Index(
                fields=["chat_id", "update_id"],
                condition=Q(state="new"),
                name="inbound_update_waiting",
            ),
            models.Index(
                fields=["done_at"], condition=~Q(state="new"), name="inbound_update_finished"
            ),
        ]

    def __str__(self) -> str:
        return f"update {self.update_id}"


class InboundChat(models.Model):
    """Which worker handles a chat now: one at a time, so that answers keep their order."""

    chat_id = models.BigIntegerField(unique=True)
    owner = models.CharField(max_length=100, blank=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("chat of the bot")
        verbose_name_plural = _("chats of the bot")
        indexes = [models.Index(fields=["token"], name="inbound_chat_token")]

    def __str__(self) -> str:
        return f"chat {self.chat_id}"


class Dialog(models.Model):
    """Where a person stands in a chat: the stack of screens with what he entered.

    ``wanted_revision`` grows with every step; ``shown_revision`` follows when the screen has been
    sent. Whoever finds them different renders the top screen and sends it again.
    """

    chat_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    state = models.JSONField(default=dict)
    screen = models.CharField(max_length=60, blank=True)
    wanted_revision = models.PositiveIntegerField(default=0)
    shown_revision = models.PositiveIntegerField(default=0)
    live_message_id = models.BigIntegerField(null=True)
    live_is_picture = models.BooleanField(default=False)
    # A new message with this drawing left and was not confirmed: it may stand in the chat.
    sending_revision = models.PositiveIntegerField(null=True)
    # The screen that the live one replaced, until it is known to be removed.
    former_message_id = models.BigIntegerField(null=True)
    # The newest message of the chat that we know of and that still stands there.
    last_message_id = models.BigIntegerField(default=0)
    show_after = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("dialog")
        verbose_name_plural = _("dialogs")
        constraints = [models.UniqueConstraint(fields=["chat_id", "person_id"], name="dialog_once")]
        indexes = [
            models.Index(
                fields=["show_after"],
                condition=Q(wanted_revision__gt=models.F("shown_revision"))
                | Q(former_message_id__isnull=False),
                name="dialog_to_repair",
            )
        ]

    def __str__(self) -> str:
        return f"dialog {self.chat_id} {self.screen}"


class OutgoingMessage(models.Model):
    """A notice to one recipient; rendered in his language when it is sent."""

    WAITING, CLAIMED, SENT, FAILED, DEAD = "waiting", "claimed", "sent", "failed", "dead"
    STATES = [
        (WAITING, _("waiting")),
        (CLAIMED, _("being sent")),
        (SENT, _("sent")),
        (FAILED, _("will be tried again")),
        (DEAD, _("given up")),
    ]

    event = models.ForeignKey(Event, models.PROTECT, related_name="notices")
    recipient = models.CharField(max_length=40)
    employee = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="notices")
    chat_id = models.BigIntegerField(null=True)
    template = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    # A newer message with the same key replaces the older one in the chat (digests).
    replace_key = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=8, choices=STATES, default=WAITING)
    # When it is to be sent, or tried again; ``planned_at`` then keeps the first of them.
    due_at = models.DateTimeField(default=clock.now)
    planned_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(null=True)
    possible_duplicate = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("sending queue")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient", "template"], name="outgoing_message_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["waiting", "claimed", "failed"]),
                name="outgoing_message_due",
            ),
            models.Index(
                fields=["id"],
                condition=Q(state="dead"),
                name="outgoing_message_given_up",
            ),
            models.Index(
                fields=["recipient", "replace_key"],
                condition=~Q(replace_key=""),
                name="outgoing_message_replace",
            ),
        ]

    def __str__(self) -> str:
        return f"{_('Notice')} {self.pk}"


class GroupCard(models.Model):
    """Which message of the work group shows which assignment, and whether it shows it as it is.

    ``wanted_revision`` grows with every event of the receipt; ``closed``: over, without buttons,
    until a decision is taken back.
    """

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="group_card")
    chat_id = models.BigIntegerField()
    message_id = models.BigIntegerField(null=True)
    wanted_revision = models.PositiveIntegerField(default=1)
    shown_revision = models.PositiveIntegerField(default=0)
    shown_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Of the newest event that changed it: what is sent next is told under this id.
    correlation_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    closed = models.BooleanField(default=False)
    show_after = models.DateTimeField(default=clock.now)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("card of the work group")
        verbose_name_plural = _("cards of the work group")
        indexes = [
            models.Index(
                fields=["show_after"],
                condition=Q(wanted_revision__gt=models.F("shown_revision")),
                name="group_card_to_show",
            )
        ]

    def __str__(self) -> str:
        return f"card of assignment {self.assignment_id}"


class PersonReach(models.Model):
    """An employee whom the bot cannot reach: since when and why. No row = reachable."""

    employee = models.OneToOneField(
        Employee, models.PROTECT, primary_key=True, related_name="unreachable"
    )
    since = models.DateTimeField(default=clock.now)
    # When Telegram said so last: notices are not tried again for a while.
    checked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("unreachable person")
        verbose_name_plural = _("unreachable people")

    def __str__(self) -> str:
        return str(self.employee)
