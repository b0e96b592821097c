"""Events of webhooks. Of an address only scheme and host, of a secret nothing."""

from __future__ import annotations

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from workshop.lib import clock


@event_kind("webhook.added", lazy("Webhook added"))
@frozen(slots=False)
class WebhookAdded(Payload):
    place: str
    kinds: list[str]
    client: str = ""

    def words(self) -> str:
        return _("Webhook added: %(place)s (%(kinds)s)") % {
            "place": self.place,
            "kinds": ", ".join(self.kinds),
        }


@event_kind("webhook.changed", lazy("Webhook changed"))
@frozen(slots=False)
class WebhookChanged(Payload):
    """``changes`` is field → [old, new]."""

    place: str
    changes: dict[str, list[str]]

    def words(self) -> str:
        from integrations.models import WebhookEndpoint  # the labels live on the model

        told = []
        for field, (old, new) in self.changes.items():
            label = WebhookEndpoint._meta.get_field(field).verbose_name  # type: ignore[union-attr]
            told.append(f"{label}: {old or '–'} → {new or '–'}")
        return _("Webhook %(place)s: %(changes)s") % {
            "place": self.place,
            "changes": "; ".join(told),
        }


@event_kind("webhook.secret_rotated", lazy("Secret of a webhook replaced"))
@frozen(slots=False)
class SecretRotated(Payload):
    place: str
    overlap_hours: int

    def words(self) -> str:
        return _("Secret of the webhook %(place)s replaced, the old one for %(hours)s h more") % {
            "place": self.place,
            "hours": self.overlap_hours,
        }


@event_kind("webhook.paused", lazy("Webhook paused"))
@frozen(slots=False)
class WebhookPaused(Payload):
    """By hand with a ``reason``, or by the program when nothing but failures came ``since``."""

    place: str
    reason: str = ""
    since: str | None = None

    def words(self) -> str:
        if self.since is not None:
            return _("Webhook %(place)s paused: nothing but failures since %(since)s") % {
                "place": self.place,
                "since": _moment(self.since),
            }
        return _("Webhook %(place)s paused, reason: %(reason)s") % {
            "place": self.place,
            "reason": self.reason or "–",
        }


@event_kind("webhook.resumed", lazy("Webhook resumed"))
@frozen(slots=False)
class WebhookResumed(Payload):
    place: str
    waiting: int

    def words(self) -> str:
        return _("Webhook %(place)s resumed, messages waiting: %(count)s") % {
            "place": self.place,
            "count": self.waiting,
        }


@event_kind("webhook.switched_off", lazy("Webhook switched off"))
@frozen(slots=False)
class WebhookSwitchedOff(Payload):
    """By hand: what waited is ``discarded``. By a 410 of the receiver: it is ``dead``."""

    place: str
    why: str
    count: int
    reason: str = ""

    def words(self) -> str:
        from integrations.models import WebhookEndpoint

        values = {"place": self.place, "count": self.count, "reason": self.reason or "–"}
        if self.why == WebhookEndpoint.GONE:
            return (
                _(
                    "Webhook %(place)s switched off: its receiver wants no more (410);"
                    " messages given up: %(count)s"
                )
                % values
            )
        text = _(
            "Webhook %(place)s switched off, reason: %(reason)s; messages discarded: %(count)s"
        )
        return text % values


@event_kind("webhook.switched_on", lazy("Webhook switched on"))
@frozen(slots=False)
class WebhookSwitchedOn(Payload):
    place: str

    def words(self) -> str:
        return _("Webhook switched on: %(place)s") % {"place": self.place}


@event_kind("webhook.test", lazy("Test message of a webhook"))
@frozen(slots=False)
class WebhookTested(Payload):
    """Sent to its own endpoint as any other event."""

    place: str

    def words(self) -> str:
        return _("Test message to the webhook %(place)s") % {"place": self.place}


@event_kind("webhook.replayed", lazy("Webhook messages sent again"))
@frozen(slots=False)
class DeliveriesReplayed(Payload):
    """One message, named, or all that were given up."""

    place: str
    count: int
    message: str = ""

    def words(self) -> str:
        values = {"place": self.place, "count": self.count, "message": self.message}
        if self.message:
            return _("Message %(message)s of the webhook %(place)s sent again") % values
        return _("Messages of the webhook %(place)s sent again: %(count)s") % values


@event_kind("webhook.discarded", lazy("Webhook message discarded"))
@frozen(slots=False)
class DeliveryDiscarded(Payload):
    """``told``: the kind of the event that its receiver does not hear of."""

    place: str
    message: str
    told: str
    reason: str = ""

    def words(self) -> str:
        return _("Message %(message)s (%(told)s) not sent to %(place)s, reason: %(reason)s") % {
            "message": self.message,
            "told": self.told,
            "place": self.place,
            "reason": self.reason or "–",
        }


def _moment(text: str) -> str:
    return clock.show(clock.from_iso(text))
