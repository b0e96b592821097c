"""What a screen gets to know about the step: who, when, where, and what was entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import translation

from botapp.dialogs.state import Frame
from botapp.transport.port import File, Message, Person
from history.commands import CommandKey
from staff.actors import employee_actor
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed


@dataclass
class Context:
    """One step of one person. ``params`` came with the move, ``data`` is what was entered here.

    Both hold JSON values only. ``data`` survives Back, restarts and errors.
    """

    person: Person
    chat_id: int
    caller: Employee | None
    actor: Actor
    now: datetime
    frame: Frame
    depth: int = 1
    parked: bool = False
    key_used: bool = False
    press_key: str = ""  # of a button outside the dialogue: the same press has the same key
    files: list[File] = field(default_factory=list)
    message_id: int = 0
    chat_title: str = ""
    edits: list[tuple[int, Message]] = field(default_factory=list)
    discard: bool = False  # in the work group: the pressed message is a stale copy and goes

    @property
    def params(self) -> dict[str, Any]:
        return self.frame.params

    @property
    def data(self) -> dict[str, Any]:
        return self.frame.data

    @property
    def employee(self) -> Employee:
        """The employee who acts. NotAllowed for a stranger (``strangers`` screens meet them)."""
        if self.caller is None:
            raise NotAllowed
        return self.caller

    @property
    def client(self) -> str:
        """The owner of this person's operation keys."""
        return f"bot:{self.caller.pk}" if self.caller else f"bot:stranger:{self.person.id}"

    @property
    def command(self) -> CommandKey:
        """The operation key of this screen: pass it to the one service the press calls."""
        self.key_used = True
        return CommandKey(self.client, self.press_key or self.frame.key)

    def command_for(self, part: int | str) -> CommandKey:
        """A key of its own for each of several services of one press."""
        self.key_used = True
        return CommandKey(self.client, f"{self.press_key or self.frame.key}:{part}")

    def has(self, *roles: str) -> bool:
        """True when the person holds at least one of the roles."""
        return self.actor.has(*roles)

    def sign_in(self, employee: Employee) -> None:
        """From now on this step is this employee's, in his language.

        For an invite that has just been accepted, and for changes of the person's own settings.
        """
        self.caller = employee
        self.actor = employee_actor(employee, self.actor.channel)
        translation.activate(employee.language)  # the step restores what was active before

    def rewrite(self, message_id: int, message: Message) -> None:
        """Make a notice of this chat look so after the step; in vain is no harm."""
        self.edits.append((message_id, message))

    def send_file(self, file: File) -> None:
        """Send a document after the step; the screen then moves below it."""
        self.files.append(file)
