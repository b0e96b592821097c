"""How moves change the stack. The bottom of every stack is the menu, or a stranger's screen."""

from __future__ import annotations

from datetime import datetime

from botapp.dialogs import registry
from botapp.dialogs.moves import Back, Move, Restart, Resume, Return, Swap
from botapp.dialogs.state import DialogState, Frame

DEEPEST = 30  # steps that Back remembers


def rearrange(state: DialogState, move: Move, arrived: Frame | None, root: str) -> None:
    """Carry out a move that leaves the screen; ``arrived`` is the frame it goes to, if any."""
    stack = state.stack
    if isinstance(move, Restart) or not (arrived or isinstance(move, Back)):
        state.parked = _interrupted(stack) or state.parked
    if isinstance(move, Restart) and arrived:
        state.stack = [Frame(root)] if arrived.screen == root else [Frame(root), arrived]
    elif isinstance(move, Swap) and arrived:
        state.stack = [*stack[:-1], arrived] if len(stack) > 1 else [*stack, arrived]
    elif arrived:
        # Whoever types number after number all day goes back through the last ones only.
        state.stack = [stack[0], *stack[1:][-DEEPEST:], arrived]
    elif isinstance(move, Back):
        _pop(state, move)
    else:
        state.stack = [Frame(root)]


def _pop(state: DialogState, move: Back) -> None:
    stack = state.stack
    if isinstance(move, Resume):
        detours = [place for place, frame in enumerate(stack) if frame.detour]
        del stack[max(1, detours[-1] if detours else 1) :]
    elif len(stack) > 1:
        stack.pop()
    while move.to and len(stack) > 1 and stack[-1].screen != move.to:
        stack.pop()
    state.top.forget_messages()
    if isinstance(move, Return):
        state.top.data.update(move.data)


def park(state: DialogState, root: str, now: datetime) -> None:
    """To the menu; an unfinished dialogue can be continued from there."""
    unfinished = state.stack if _is_unfinished(state.stack) else _interrupted(state.stack)
    state.parked = unfinished or state.parked
    state.leave(state.top, now)
    state.stack = [Frame(root)]


def unfinished(state: DialogState) -> list[list[Frame]]:
    """What was begun and is not over: on the screen, below a detour, parked."""
    here = state.stack if _is_unfinished(state.stack) else _interrupted(state.stack)
    return [stack for stack in (here, state.parked) if stack]


def _is_unfinished(stack: list[Frame]) -> bool:
    screen = registry.find_screen(stack[-1].screen)
    return len(stack) > 1 and screen is not None and screen.parkable


def _interrupted(stack: list[Frame]) -> list[Frame]:
    """What was begun below a receipt that was only looked at in between; empty for nothing."""
    for place, frame in enumerate(stack):
        if frame.detour and _is_unfinished(stack[:place]):
            return stack[:place]
    return []
