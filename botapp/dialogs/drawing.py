"""From a view to a message: the lines and buttons that the engine adds, limits, payloads."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import payload, registry
from botapp.dialogs.context import Context
from botapp.dialogs.markup import Markup, b, bounded, esc, i, lines, plain
from botapp.dialogs.state import Frame
from botapp.dialogs.view import Button, Link, Row, View
from botapp.transport.port import CAPTION_LIMIT, TEXT_LIMIT, Key, Message
from workshop.lib.errors import WorkshopError
from workshop.lib.text import clip

LABEL_LIMIT = 60  # characters; Telegram would cut longer labels itself
MAX_BUTTONS = 100  # Telegram's own
# Answered by the engine itself; Skip is the screen's.
OWN_ACTIONS = frozenset({"_back", "_home", "_cancel", "_retry", "_page", "_continue"})


def outdated() -> str:
    """Said on the press of an old keyboard."""
    return _("This screen is outdated, open the menu")


def twice() -> str:
    """Said when a crash may have left a copy of the screen above this one."""
    return _("There was an interruption. If this screen is here twice, use this one.")


def draw(ctx: Context, continue_label: str, *, repeated: bool = False) -> Message:
    """Render the frame's screen; a refusal of the view itself becomes an error line."""
    frame = ctx.frame
    screen = registry.find_screen(frame.screen)
    if screen is None:
        raise LookupError(f"the screen {frame.screen} is not registered")
    try:
        view = screen().view(ctx)
    except WorkshopError as error:
        view = View(esc("⚠ " + error.text()))
    rows = [*view.rows, *_own_rows(ctx, view, continue_label)]
    _check(screen.id, screen.handles, rows)
    message = Message(
        html=bounded(_text(frame, view, repeated), CAPTION_LIMIT if view.picture else TEXT_LIMIT),
        keys=tuple(tuple(_key(frame, button) for button in row) for row in rows if row),
        picture=view.picture,
    )
    _remember(frame, rows)
    return message


def _text(frame: Frame, view: View, repeated: bool) -> Markup:
    heads = [
        i(twice()) if repeated else None,
        b("⚠ ", Markup(frame.error)) if frame.error else None,
        Markup(frame.note) if frame.note else None,
    ]
    shown = [head for head in heads if head]
    text = esc(view.text)
    body = text if plain(text).strip() else Markup("…")
    return lines(*shown, "", body) if shown else body


def _own_rows(ctx: Context, view: View, continue_label: str) -> list[Row]:
    rows: list[Row] = []
    if ctx.frame.retry:
        rows.append([Button(_("Retry"), "_retry")])
    if view.skip:
        rows.append([Button(_("⏭ Skip"), "_skip")])
    if continue_label:
        rows.append([Button(continue_label.strip(), "_continue")])
    if ctx.depth > 1:
        back = [Button(_("⬅ Back"), "_back")] if view.back else []
        home = [Button(_("🏠 Home"), "_home")] if view.home else []
        rows.append([*back, *home])
    return rows


def _check(screen_id: str, handles: object, rows: list[Row]) -> None:
    """A button that nobody answers, or too many of them, is a mistake of the screen."""
    buttons = [button for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise ValueError(f"{screen_id} shows {len(buttons)} buttons: page them")
    for button in buttons:
        if isinstance(button, Link) or button.action in OWN_ACTIONS:
            continue
        if not callable(handles) or not handles(button.action):
            raise ValueError(f"{screen_id} does not answer {button.action}")


def _key(frame: Frame, button: Button | Link) -> Key:
    label = clip(str(button.label), LABEL_LIMIT) or "…"
    if isinstance(button, Link):
        return Key(label, url=button.url)
    return Key(label, payload=payload.build(frame.nonce, button.action, button.value))


def _remember(frame: Frame, rows: list[Row]) -> None:
    """The presses of this drawing and of the one before (a toggle redraws under the finger)."""
    offered = sorted(
        {f"{x.action}:{x.value}" for row in rows for x in row if isinstance(x, Button)}
    )
    if not frame.offered or frame.offered[-1] != offered:
        frame.offered = [*frame.offered[-1:], offered]
