"""A verb of the office: a form whose submission calls exactly one service, as one command.

A verb is a subclass with its fields and :meth:`OfficeVerb.call`; pages, permissions, repetition,
freshness and errors are the same for all and live here and in ``staff.office.pages``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, cast

from django import forms
from django.core import signing
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import CHECKBOX_CLASSES, INPUT_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from history.commands import CommandKey, Outcome
from history.models import Event
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import StaleState, WorkshopError

Text = Any  # a text or a lazy one; the stubs of forms have no public name for it
SALT: Final = "office.expected"
ID_DIGITS: Final = 19

_SENT_ALREADY = _(
    "This form has been sent once already, with other values. Look at the page; "
    "to send these values as well, press the button again."
)


def new_key() -> str:
    """A key that names one press of one form."""
    return secrets.token_urlsafe(18)


def rows_made_by(command: CommandKey, model: type[Model]) -> set[int]:
    """Ids of the rows of ``model`` whose streams a command began."""
    prefix = f"{model._meta.model_name}:"
    began = Event.objects.filter(
        command__client=command.client,
        command__key=command.key,
        stream__startswith=prefix,
        sequence=1,
    )
    return {int(name.removeprefix(prefix)) for name in began.values_list("stream", flat=True)}


def dress(field: forms.Field) -> None:
    """Give a plain widget the look of the theme."""
    widget = field.widget
    look = {
        forms.CheckboxInput: CHECKBOX_CLASSES,
        forms.Textarea: TEXTAREA_CLASSES,
        forms.Select: SELECT_CLASSES,
    }
    dressed = forms.RadioSelect | forms.CheckboxSelectMultiple | forms.FileInput
    if widget.is_hidden or isinstance(widget, dressed):
        return
    classes = next((c for kind, c in look.items() if isinstance(widget, kind)), INPUT_CLASSES)
    widget.attrs.setdefault("class", " ".join(classes))
    if isinstance(widget, forms.Textarea):
        widget.attrs["rows"] = 3


class DayField(forms.DateField):
    """A day with the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)


class MomentField(forms.DateTimeField):
    """Date and time in the workshop's zone, with the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        kwargs.setdefault("widget", widget)
        super().__init__(**kwargs)


class NumberField(forms.DecimalField):
    """A number with a decimal comma or point, blanks between the thousands allowed."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(" ", "").replace(" ", "").replace(" ", "").replace(",", ".")
            value = value.replace("−", "-")
        return super().to_python(value)


def choice(rows: Any, label: Text, **kwargs: Any) -> forms.ModelChoiceField[Any]:
    """One row of a short table."""
    kwargs.setdefault("empty_label", "—")
    return forms.ModelChoiceField(queryset=rows, label=label, **kwargs)


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows of a short table; an id that no row can have is a wrong choice."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        for pk in value or ():
            if not is_id(str(pk)):
                raise forms.ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": str(pk)[:20]},
                )
        return super().clean(value)


def is_id(text: str) -> bool:
    """May this be the id of a row? Longer ones overflow in the database."""
    return text.isdecimal() and len(text) < ID_DIGITS


def hidden_id(**kwargs: Any) -> forms.IntegerField:
    """The id of a row, filled in by the page."""
    largest = 10 ** (ID_DIGITS - 1) - 1
    return forms.IntegerField(
        widget=forms.HiddenInput, required=False, max_value=largest, min_value=0, **kwargs
    )


def comment(label: Text = _("Comment"), **kwargs: Any) -> forms.CharField:
    """Free text that may stay empty; its length is the service's matter."""
    kwargs.setdefault("required", False)
    return forms.CharField(label=label, widget=forms.Textarea, **kwargs)


def reason(label: Text = _("Reason"), **kwargs: Any) -> forms.CharField:
    """Why; one line."""
    return forms.CharField(label=label, **kwargs)


class OfficeVerb(forms.Form):
    """One verb on one object, or one that makes a new object (``target`` None).

    ``row_id`` names the part of the target that a button beside a row speaks of.
    """

    slug: ClassVar[str] = ""
    label: ClassVar[Text] = ""
    button: ClassVar[Text] = ""
    shown_in: ClassVar[str] = "main"  # main, record, more, or row: beside the row it speaks of
    template: ClassVar[str] = "office/verb.html"
    expects: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[tuple[tuple[Text, tuple[str, ...]], ...]] = ()
    field_names: ClassVar[Mapping[str, str]] = {}  # a service's field -> the form's
    danger: ClassVar[bool] = False
    roles: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, *args: Any, actor: Actor, target: Any = None, row_id: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.target, self.row_id = actor, target, row_id
        hidden: dict[str, Any] = {"widget": forms.HiddenInput, "required": False}
        self.fields["command_key"] = forms.CharField(initial=new_key(), max_length=200, **hidden)
        self.fields["row"] = hidden_id(initial=row_id)
        if self.expects:
            self.fields["expected"] = forms.CharField(
                initial=self.seen(), max_length=2000, **hidden
            )
        self.build()
        for field in self.fields.values():
            dress(field)

    # --- what a verb says ---------------------------------------------------------------

    def build(self) -> None:
        """Fields and initial values that depend on the target."""

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        """Call the one service; ``common`` carries actor, command and, if any, expected.

        Every verb on a page has its own: ``office_verb`` takes no other.
        """
        raise TypeError(f"{type(self).__name__} calls no service")

    @classmethod
    def permitted(cls, target: Any, actor: Actor) -> bool:
        """May this actor use the verb at all? The service asks again."""
        return actor.has(*cls.roles)

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        """Permitted, and possible with the target as it is now."""
        return cls.permitted(target, actor)

    @classmethod
    def offered(cls, target: Any, actor: Actor) -> bool:
        """Is its button shown on the page of the target?"""
        return cls.shown_in != "row" and cls.possible(target, actor)

    @classmethod
    def label_for(cls, target: Any) -> Text:
        """What its button says on the page of the target."""
        return cls.label

    def heading(self) -> Text:
        """What stands above the form."""
        return self.label_for(self.target)

    def intro(self) -> list[str]:
        """Lines above the fields: what the person should know before pressing."""
        return []

    def after(self, outcome: Outcome[Any]) -> Model | None:
        """The object whose page is shown next."""
        return self.target if self.target is not None else outcome.object

    # --- the machinery ------------------------------------------------------------------

    def seen(self) -> str:
        """The values shown to the person, to be compared when they are sent."""
        values = {name: getattr(self.target, name) for name in self.expects}
        if values.get("deadline") is not None:
            values["deadline"] = clock.iso(values["deadline"])
        return signing.dumps(values, salt=SALT)

    def _expected(self) -> dict[str, Any]:
        try:
            values: dict[str, Any] = signing.loads(self.cleaned_data["expected"], salt=SALT)
        except signing.BadSignature:
            raise StaleState(
                "office.page_outdated", _("The page is outdated. Please look again.")
            ) from None
        if values.get("deadline"):
            values["deadline"] = clock.from_iso(values["deadline"])
        return values

    def _command(self, key: str) -> CommandKey:
        # Verb and object belong to the key: one page may hold several forms.
        place = f"{self.slug}:{self.target.pk if self.target else 'new'}:{key}"
        return CommandKey(f"admin:{self.actor.id}", place[:200])

    def made_by_this_press(self, model: type[Model]) -> set[int]:
        """Ids of the rows that the first of two equal presses has made: not "known before"."""
        key = self.data.get(self.add_prefix("command_key"), "").replace("\x00", "").strip()
        if not key:
            return set()
        return rows_made_by(self._command(key), model)

    def submit(self) -> Outcome[Any] | None:
        """Call the service; None when the form has errors to show."""
        if not self.is_valid():
            return None
        command = self._command(self.cleaned_data["command_key"] or new_key())
        try:
            common: dict[str, Any] = {"actor": self.actor, "command": command}
            if self.expects:
                common["expected"] = self._expected()
            return self.call(self.cleaned_data, **common)
        except WorkshopError as error:
            self.refuse(error)
            return None

    def refuse(self, error: WorkshopError) -> None:
        """Show a refusal where it belongs, keeping what was typed."""
        text = error.text()
        if error.code == "command.key_reused":
            self._renew("command_key", new_key())
            text = str(_SENT_ALREADY)
        if isinstance(error, StaleState) and self.expects:
            self.target.refresh_from_db()
            self._renew("expected", self.seen())
        field = self.field_names.get(error.field, error.field)
        self.add_error(field if field in self.fields else None, text)

    def _renew(self, name: str, value: str) -> None:
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix(name)] = value
        self.data = data

    def blocks(self) -> Iterator[tuple[Text, list[forms.BoundField]]]:
        """Visible fields in the groups of ``layout``; those it does not name come last."""
        named: set[str] = set()
        for title, names in self.layout:
            named.update(names)
            yield title, [self[name] for name in names if name in self.fields]
        rest = [field for field in self.visible_fields() if field.name not in named]
        if rest:
            yield "", rest


def changed(form: OfficeVerb, names: tuple[str, ...]) -> dict[str, Any]:
    """The named fields as they were sent."""
    return {name: form.cleaned_data.get(name) for name in names}
