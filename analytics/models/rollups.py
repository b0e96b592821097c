"""Roll-ups: what a day and a month came to, and which receipts have changed since (spec 5.3)."""

from __future__ import annotations

from django.db import models

from history.models import Event
from receipts.models import Receipt

ALL = 0
"""In a key of a roll-up: counted whatever the responsible person or the type is."""


class Mark(models.Model):
    """A change that can alter a number: the receipt has to be counted again. Insert-only.

    Written in the change's own transaction (``analytics.marks``), deleted by the refresher in
    the transaction that brings the roll-ups to what the receipt is now. The receipt is marked and
    not its days: what it was counted as is kept (:class:`Counted`), so its days are known.
    """

    event = models.OneToOneField(
        Event, models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    # Both rows are written or locked by the same transaction; nothing of them is ever deleted.
    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )

    def __str__(self) -> str:
        return f"{self.event_id} {self.receipt_id}"


class Counted(models.Model):
    """What one receipt has added to the roll-ups: kind → rows of key and values.

    The sum over all receipts *is* the roll-ups. A receipt that adds nothing needs no row.
    """

    receipt = models.OneToOneField(Receipt, models.PROTECT, primary_key=True, related_name="+")
    cells = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.receipt_id)


class RollupState(models.Model):
    """One row. ``complete``: every receipt is either in the roll-ups or carries a mark.

    Until then the first walk has come to ``position`` (id of a receipt), and all answers are
    counted from the facts.
    """

    ONLY = 1
    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    position = models.BigIntegerField(default=0)
    complete = models.BooleanField(default=False)
    refreshed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.position} {self.complete}"


class Cell(models.Model):
    """Sums of one day, or of one month under its first day. Keys are ids, ``ALL`` or words."""

    class Grain(models.TextChoices):
        DAY = "d"
        MONTH = "m"

    grain = models.CharField(max_length=1, choices=Grain.choices)
    day = models.DateField()

    class Meta:
        abstract = True


class WorkCell(Cell):
    """Works by the day on which they were performed, and what became of them since."""

    employee = models.BigIntegerField()
    type = models.BigIntegerField()
    works = models.IntegerField(default=0)
    own_reworks = models.IntegerField(default=0)
    checked = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    returns = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "day", "employee", "type"], name="work_cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.day} {self.employee} {self.type}"


class ItemCell(Cell):
    """Items of returns by the day of the return; ``responsible`` ALL: nobody is named."""

    reason = models.BigIntegerField()
    affects = models.BigIntegerField()
    responsible = models.BigIntegerField()
    column = models.CharField(max_length=16)
    items = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "day", "reason", "affects", "responsible", "column"],
                name="item_cell_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.day} {self.reason} {self.column}"


class AssemblerCell(Cell):
    """Returns by their assembler of record and the day of the return."""

    assembler = models.BigIntegerField()
    cases = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "day", "assembler"], name="assembler_cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.day} {self.assembler}"


class CaseCell(Cell):
    """Returns with an item of this person and type, each once; ALL stands for any.

    ``repeated``: of them those whose receipt had such a return before.
    """

    responsible = models.BigIntegerField()
    affects = models.BigIntegerField()
    cases = models.IntegerField(default=0)
    repeated = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "day", "responsible", "affects"], name="case_cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.day} {self.responsible} {self.affects}"


class RepeatCell(Cell):
    """Repeated returns of :class:`CaseCell` by the day of the return just before; days only.

    Tells how many receipts have returns both before and since a day, so that receipts of any
    period can be counted once each: returns − repeated + repeated whose last one lies before it.
    """

    before = models.DateField()
    responsible = models.BigIntegerField()
    affects = models.BigIntegerField()
    cases = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["responsible", "affects", "day", "before", "grain"],
                name="repeat_cell_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.before} {self.day}"
