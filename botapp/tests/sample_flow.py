"""A small real flow for the engine's tests: rename a colleague, and mark several as absent."""

from __future__ import annotations

from datetime import timedelta

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Screen,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    opener,
    paged,
    tick,
    ticked,
    toggle,
)
from staff import roles, selectors, services
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.errors import NotFound, RuleViolation


class PickColleague(Screen):
    id = "sample.pick"
    roles = (roles.MANAGER,)

    def view(self, ctx: Context) -> View:
        people = selectors.staff_list(active=True)
        buttons = [Button(one.short_name, "pick", one.pk) for one in people]
        return View("Who?", paged(ctx, buttons, size=3))

    def do_pick(self, ctx: Context, value: str) -> Answer:
        return Go(NewName, employee_id=int(value))


class NewName(Screen):
    id = "sample.name"
    roles = (roles.MANAGER,)

    def view(self, ctx: Context) -> View:
        known = ctx.data.get("name", "")
        rows = [[Button("Next", "next")]] if known else []
        return View(lines("New name?", fmt("Entered: %(name)s", name=b(known))), rows)

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["name"] = text
        if len(text) > 150:
            raise RuleViolation("sample.long", "Too long")
        return self.do_next(ctx, "")

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(Short, **ctx.params, name=ctx.data["name"])


class Short(Screen):
    id = "sample.short"
    roles = (roles.MANAGER,)

    def view(self, ctx: Context) -> View:
        return View("Short name?", skip=True)

    def on_text(self, ctx: Context, text: str) -> Answer:
        return Go(Confirm, **ctx.params, short=text)

    def on_skip(self, ctx: Context) -> Answer:
        return Go(Confirm, **ctx.params, short="")


class Confirm(Screen):
    id = "sample.confirm"
    roles = (roles.MANAGER,)

    def view(self, ctx: Context) -> View:
        old = Employee.objects.get(pk=ctx.params["employee_id"]).full_name
        text = fmt("%(old)s → %(new)s", old=old, new=b(ctx.params["name"]))
        return View(text, [[confirm_button(), cancel_button()]])

    def subject(self, ctx: Context) -> str:
        return str(ctx.params["name"])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        done = services.rename_employee(
            employee_id=ctx.params["employee_id"],
            full_name=ctx.params["name"],
            short_name=ctx.params["short"],
            actor=ctx.actor,
            command=ctx.command,
        )
        return Done(fmt("Renamed: %(name)s", name=done.object.short_name))


class Card(Screen):
    """A one-tap screen: the language flips with a press and the screen stays."""

    id = "sample.card"
    parkable = False

    def view(self, ctx: Context) -> View:
        who = Employee.objects.filter(pk=ctx.params["employee_id"]).first()
        if who is None:
            raise NotFound("sample.gone", "Nobody")
        target = "en" if who.language == "ru" else "ru"
        return View(lines(b(who.full_name), who.language), [[Button("Flip", "speak", target)]])

    def do_speak(self, ctx: Context, value: str) -> Answer:
        services.set_language(
            employee_id=ctx.params["employee_id"],
            language=value,
            actor=ctx.actor,
            command=ctx.command,
        )
        return Stay().toast("Done")


class Absent(Screen):
    id = "sample.absent"
    roles = (roles.MANAGER,)

    def view(self, ctx: Context) -> View:
        marked = ticked(ctx, "people")
        buttons = [
            tick(one.short_name, "mark", one.pk, on=str(one.pk) in marked)
            for one in selectors.staff_list()
        ]
        return View("Absent tomorrow?", [*paged(ctx, buttons), [confirm_button()]])

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "people", value)
        return Stay()

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        day = clock.today() + timedelta(days=1)

        def item(employee_id: int) -> SeriesItem:
            return SeriesItem(
                employee_id,
                lambda key: services.set_absence(
                    employee_id=employee_id,
                    absent_from=day,
                    absent_until=day,
                    actor=ctx.actor,
                    command=key,
                ),
            )

        return Series([item(int(one)) for one in ticked(ctx, "people")], self.told)

    def told(self, results: list[SeriesResult]) -> Done:
        good = [one for one in results if one.ok]
        bad = [one.error.text() for one in results if one.error]
        return Done(lines(f"Absent: {len(good)}", *bad))


class Broken(Screen):
    """Has a bug: the text "bug" crashes the step, "broken view" the drawing."""

    id = "sample.broken"

    def view(self, ctx: Context) -> View:
        if ctx.data.get("text") == "broken view":
            raise ZeroDivisionError
        return View("Fragile")

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["text"] = text
        if text == "bug":
            raise ZeroDivisionError
        return Stay()


@opener("sample_card")
def open_card(ctx: Context, value: str) -> Go:
    return Go(Card, employee_id=int(value))


@opener("sample_rename")
def rename_now(ctx: Context, value: str) -> Stay:
    """A button of a notice that acts at once."""
    services.rename_employee(
        employee_id=int(value), full_name="From Notice", actor=ctx.actor, command=ctx.command
    )
    return Stay().toast("Renamed")


@opener("sample_group", groups=True)
def press_in_group(ctx: Context, value: str) -> Stay:
    return Stay().toast(f"Taken: {ctx.employee.short_name}")
