"""How moves change the stack. The bottom of every stack is the menu, or a stranger's screen."""

from __future__ import annotations

from datetime import datetime

from botapp.dialogs import registry
from botapp.dialogs.moves import Back, Move, Restart, Return, Swap
from botapp.dialogs.state import DialogState, Frame


def rearrange(state: DialogState, move: Move, arrived: Frame | None, root: str) -> None:
    """Carry out a move that leaves the screen; ``arrived`` is the frame it goes to, if any."""
    stack = state.stack
    if isinstance(move, Restart) and arrived:
        state.stack = [Frame(root)] if arrived.screen == root else [Frame(root), arrived]
    elif isinstance(move, Swap) and arrived:
        state.stack = [*stack[:-1], arrived] if len(stack) > 1 else [*stack, arrived]
    elif arrived:
        stack.append(arrived)
    elif isinstance(move, Back):
        _pop(state, move)
    else:
        state.stack = [Frame(root)]


def _pop(state: DialogState, move: Back) -> None:
    stack = state.stack
    if len(stack) > 1:
        stack.pop()
    while move.to and len(stack) > 1 and stack[-1].screen != move.to:
        stack.pop()
    state.top.forget_messages()
    if isinstance(move, Return):
        state.top.data.update(move.data)


def park(state: DialogState, root: str, now: datetime) -> None:
    """To the menu; an unfinished dialogue can be continued from there."""
    screen = registry.find_screen(state.top.screen)
    if len(state.stack) > 1 and screen is not None and screen.parkable:
        state.parked = state.stack
    state.leave(state.top, now)
    state.stack = [Frame(root)]
