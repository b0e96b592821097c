"""Alerts that are open: seen, put off, closed."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.models import Alert
from analytics.monitoring.alert_people import open_alerts, told_by
from analytics.policies import ensure_may_answer_alerts
from analytics.services import alert_answers as services
from botapp.alert_notices import SIGNS, SNOOZE, about, buttons
from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Move,
    Screen,
    Stay,
    View,
    b,
    fmt,
    lines,
    menu_item,
    opener,
    paged,
)
from botapp.notices import Notice
from staff import roles
from workshop.lib.errors import NotFound

LEADING = (roles.MANAGER, roles.OWNER)
MOST = 100
HOURS = (1, 4, 24)  # to put it off


def load(ctx: Context) -> Alert:
    """The alert of the screen, for whoever may answer it. NotFound ``alerts.no_such_alert``."""
    found = Alert.objects.select_related("rule").filter(pk=ctx.params["alert_id"]).first()
    if found is None:
        raise NotFound("alerts.no_such_alert", _("There is no such alert."))
    told = [one.pk for one in told_by(found.rule, higher_up=True)]
    ensure_may_answer_alerts(ctx.actor, told)
    return found


class Alerts(Screen):
    """Every open one, critical ones first."""

    id = "alerts"
    roles = LEADING
    parkable = False

    def view(self, ctx: Context) -> View:
        rows = list(open_alerts()[:MOST])
        if not rows:
            return View(lines(b(_("🔴 Alerts")), _("No alert is on.")))
        told = [Button(_label(row), "alert", row.pk) for row in rows]
        return View(fmt(_("🔴 Alerts: %(count)s"), count=b(len(rows))), paged(ctx, told))

    def do_alert(self, ctx: Context, value: str) -> Answer:
        return Go(AlertCard, alert_id=int(value))


def _label(row: Alert) -> str:
    seen = " ✅" if row.acknowledged_at is not None else ""
    return f"{SIGNS[row.severity]} {row.rule.title}{seen}"


class AlertCard(Screen):
    """One alert: the cause in words, and what can be answered."""

    id = "alerts.card"
    parkable = False

    def enter(self, ctx: Context) -> None:
        load(ctx)

    def view(self, ctx: Context) -> View:
        row = load(ctx)
        if not row.is_open:
            return View(about(row))
        rows = []
        if row.acknowledged_at is None:
            rows.append([Button(_("✅ Acknowledge"), "seen")])
        times = [Button(_("⏰ %(hours)s h") % {"hours": hours}, "later", hours) for hours in HOURS]
        rows.append(times)
        if ctx.has(roles.MANAGER):
            rows.append([Button(_("Close by hand"), "close")])
        return View(about(row), rows)

    def do_seen(self, ctx: Context, value: str) -> Answer:
        return Stay().note(acknowledge(ctx, ctx.params["alert_id"]))

    def do_later(self, ctx: Context, value: str) -> Answer:
        return Stay().note(snooze(ctx, ctx.params["alert_id"], 60 * int(value)))

    def do_close(self, ctx: Context, value: str) -> Answer:
        return Go(Close, **ctx.params)


class Close(Screen):
    """Closing asks once: a number that stays beyond its threshold fires anew."""

    id = "alerts.close"
    roles = (roles.MANAGER,)
    parkable = False

    def view(self, ctx: Context) -> View:
        text = lines(
            about(load(ctx)),
            _("If the number stays as it is, the alert fires anew."),
        )
        return View(text, [[Button(_("Close by hand"), "sure")]])

    def do_sure(self, ctx: Context, value: str) -> Answer:
        services.resolve_alert(
            alert_id=ctx.params["alert_id"], actor=ctx.actor, command=ctx.command
        )
        return Done(_("The alert is closed."), Alerts)


def acknowledge(ctx: Context, alert_id: int) -> str:
    """What to say; the second one learns who was first."""
    done = services.acknowledge_alert(alert_id=alert_id, actor=ctx.actor, command=ctx.command)
    if done.already is not None:
        return _("Already acknowledged: %(who)s") % {"who": done.already.who}
    return _("✅ The alert is acknowledged: nobody is told again.")


def snooze(ctx: Context, alert_id: int, minutes: int) -> str:
    done = services.snooze_alert(
        alert_id=alert_id, minutes=minutes, actor=ctx.actor, command=ctx.command
    )
    hours = minutes // 60
    return _("⏰ Put off for %(hours)s h: %(name)s") % {
        "hours": hours,
        "name": done.object.rule.title,
    }


def _answered(ctx: Context, alert_id: int, told: str) -> Move:
    """The message shows the answer and keeps the buttons that still make sense."""
    alert = Alert.objects.select_related("rule").get(pk=alert_id)
    ctx.rewrite(ctx.message_id, Notice(about(alert), buttons(alert)).message())
    return Stay().note(told).toast(told)


@opener("alert_seen", stays=True)
def acknowledge_from_message(ctx: Context, value: str) -> Move:
    return _answered(ctx, int(value), acknowledge(ctx, int(value)))


@opener("alert_later", stays=True)
def snooze_from_message(ctx: Context, value: str) -> Move:
    return _answered(ctx, int(value), snooze(ctx, int(value), SNOOZE))


@opener("alert")
def open_alert(ctx: Context, value: str) -> Move:
    return Go(AlertCard, alert_id=int(value))


def _open_count(ctx: Context) -> int:
    return Alert.objects.open().count()


menu_item(lazy("🔴 Alerts"), Alerts.id, place=27, roles=LEADING, more=True, counter=_open_count)
