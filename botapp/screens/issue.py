"""Hand to the customer: number, digits or name; as taken in, or the difference; received by."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    menu_item,
    paged,
    quote,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.pickers import ReceiptPrompt, load_receipt, offered_first, receipt_buttons
from botapp.screens.results import AboutReceipt, Undoing, expected, finished, shown
from receipts import selectors
from receipts.models import Receipt
from receipts.numbers import normalise_number, other_spellings
from receipts.phones import looks_like_phone, normalise_phone
from receipts.services.flow import issue
from receipts.states import VERBS, Status, ensure_possible
from staff import roles
from workshop.lib.compiled import Count
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import clean_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)
TO_COLLECT = (Status.READY, Status.REFUSED)
FOUND = 30
NAME_LENGTH = 150


class Start(Undoing, ReceiptPrompt):
    """What waits for its customer."""

    id = "issue.start"
    roles = INSPECTORS
    parkable = False
    verb = "issue"

    def title(self, ctx: Context) -> Any:
        return b(_("Hand to the customer"))

    def likely(self, ctx: Context) -> list[Receipt]:
        return list(selectors.likely(self.verb, ctx.now, limit=FOUND))

    def view(self, ctx: Context) -> View:
        text = lines(
            self.title(ctx),
            _("Send the number, its last 4 digits, the customer's name or phone; or choose."),
        )
        offered = offered_first(ctx, self.likely(ctx))
        return View(text, [*self.undo_rows(ctx), *paged(ctx, receipt_buttons(ctx, offered))])

    def on_text(self, ctx: Context, text: str) -> Answer:
        found = to_collect(text)
        if len(found) == 1:
            ctx.data["named"] = [found[0].pk]
            return self.chosen(ctx, found)
        ctx.data["named"] = [one.pk for one in found]
        ctx.frame.page = 0
        return Stay().note(_("Several fit: choose one."))

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        """The same person often collects all watches of one customer."""
        receipt = receipts[0]
        last = ctx.params.get("last", {})
        same = receipt.customer_id and receipt.customer_id == last.get("customer")
        return Go(Check, receipt_id=receipt.pk, received_by=last["by"] if same else "")


class Handing(AboutReceipt, Screen):
    """Names the watch, old → new, and who takes it; the name can be typed, it need not."""

    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        receipt = load_receipt(ctx.params["receipt_id"])
        if receipt.status != Status.ISSUED:
            ensure_possible("issue", receipt.status)
        ctx.data["received_by"] = ctx.params.get("received_by", "")

    def told(self, ctx: Context, receipt: Receipt) -> list[Markup]:
        """Old → new and the person."""
        person = ctx.data["received_by"]
        change = fmt(
            _("Status: %(old)s → %(new)s"), old=words.status(receipt), new=Status.ISSUED.label
        )
        customer = fmt(_("Customer: %(name)s"), name=b(receipt.customer))
        by = fmt(_("Received by: %(name)s"), name=b(person))
        ask = fmt(_("Who receives it can be typed now."))
        return [change, *([customer] if receipt.customer else []), by if person else ask]

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["received_by"] = clean_text(text, field="received_by", limit=NAME_LENGTH)
        return Stay()

    def hand_out(self, ctx: Context, value: str, difference: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        text, person = issued(receipt), ctx.data["received_by"]
        outcome = issue(
            receipt_id=receipt.pk,
            received_by=person,
            as_taken_in=not difference,
            difference=difference,
            expected=expected(value),
            actor=ctx.actor,
            command=ctx.command,
        )
        last = {"customer": receipt.customer_id, "by": person}
        return finished(outcome, text, Start.id, last=last)


class Check(Handing):
    """Accessories and links as they were taken in, side by side with the watch: the answer "all
    there" is the confirmation."""

    id = "issue.check"

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        text = lines(
            words.head(receipt, ctx.now, due=False),
            "",
            *_taken_in(receipt),
            "",
            *self.told(ctx, receipt),
            b(_("Is it all there?")),
        )
        rows = [
            [Button(_("✅ All there, hand out"), "confirm", shown(receipt))],
            [Button(_("There is a difference"), "differs"), cancel_button()],
        ]
        return View(text, rows)

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        return self.hand_out(ctx, value, "")

    def do_differs(self, ctx: Context, value: str) -> Answer:
        return Go(Difference, **{**ctx.params, "received_by": ctx.data["received_by"]})


class Difference(AboutReceipt, Screen):
    """What is not as taken in, in words."""

    id = "issue.difference"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        entered = ctx.data.get("difference")
        text = lines(
            fmt(_("%(number)s: what is different, and why?"), number=b(words.number(receipt))),
            *_taken_in(receipt),
            quote(entered) if entered else None,
        )
        return View(text, [[Button(_("Next"), "next")]] if entered else [])

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["difference"] = clean_text(text, field="difference", limit=1000)
        return self.do_next(ctx, "")

    def do_next(self, ctx: Context, value: str) -> Answer:
        return Go(Confirm, **ctx.params, difference=ctx.data["difference"])


class Confirm(Handing):
    """With a difference: named once more before the watch goes out."""

    id = "issue.confirm"

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        text = lines(
            fmt("%(number)s · %(verb)s", number=b(words.number(receipt)), verb=verb_of(receipt)),
            fmt(_("Difference: %(text)s"), text=b(ctx.params["difference"])),
            *self.told(ctx, receipt),
        )
        confirm = Button(confirm_button().label, "confirm", shown(receipt))
        return View(text, [[confirm, cancel_button()]])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        return self.hand_out(ctx, value, ctx.params["difference"])


def issued(receipt: Receipt) -> Markup:
    """What happened, by the status it left."""
    if receipt.status == Status.REFUSED:
        return fmt(_("Handed out unrepaired: %(number)s"), number=b(words.number(receipt)))
    return fmt(_("Handed to the customer: %(number)s"), number=b(words.number(receipt)))


def verb_of(receipt: Receipt) -> str:
    if receipt.status == Status.REFUSED:
        return _("📤 Hand out unrepaired")
    return str(VERBS["issue"].label)


def to_collect(text: str) -> list[Receipt]:
    """The ready and refused ones that the typed text may mean.

    The exact number first (in any status, so that the service says what is wrong with it); else a
    part of the number, the name or the phone of the customer. NotFound ``bot.nothing_to_collect``.
    """
    exact = selectors.by_number(text)
    if exact is not None:
        return [exact]
    waiting = Receipt.objects.valid().filter(status__in=TO_COLLECT).select_related("master")
    found: list[Receipt] = []
    for spelling in (text, *other_spellings(text)):  # the last ones only when nothing fits
        found = found or list(waiting.filter(_fits(spelling)).order_by("-id")[:FOUND])
    if not found:
        raise NotFound(
            "bot.nothing_to_collect",
            _("Nothing that waits for its customer fits: %(text)s"),
            params={"text": text},
        )
    return found


def _fits(text: str) -> Q:
    condition = Q(customer__name__icontains=text)
    if looks_like_phone(text):
        condition |= Q(customer__phone=normalise_phone(text))
    with suppress(RuleViolation):  # a name with an apostrophe is no number
        condition |= Q(number_key__endswith=normalise_number(text).key)
    return condition


def _taken_in(receipt: Receipt) -> list[Markup]:
    """Completeness and links as counted at intake, the promise, the place."""
    known = [
        (_("Completeness: %(value)s"), receipt.completeness),
        (_("Bracelet links: %(value)s"), receipt.links_count),
        (_("Condition at intake: %(value)s"), receipt.condition),
        (_("Warranty: %(value)s"), _warranty(receipt)),
    ]
    told = [fmt(text, value=b(value)) for text, value in known if value not in ("", None)]
    return told or [fmt(_("Nothing was noted about accessories."))]


def _warranty(receipt: Receipt) -> str:
    """The works with their months of warranty."""
    if receipt.status == Status.REFUSED:
        return ""
    works = receipt.operations.valid().select_related("type").order_by("type__order")
    rows = {work.type.name: work.type.warranty_months for work in works}
    told = [
        _("%(work)s: %(count)s months") % {"work": name, "count": months}
        for name, months in rows.items()
        if months
    ]
    return "; ".join(told)


_waiting = Count(lambda slot: selectors.likely("issue", slot("at"), limit=1000))


def ready(ctx: Context) -> int:
    """What waits for its customer, for the menu."""
    return _waiting.of(at=ctx.now)


card_action("issue", Check.id)
menu_item(lazy("📤 Hand to the customer"), Start.id, place=60, roles=INSPECTORS, counter=ready)
