"""Catalogues that the office edits (law 6): never codes in the program."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.models import Employee
from workshop.lib.models import CatalogueRow


class OperationType(CatalogueRow):
    """A kind of work. Its performers are the people's skills."""

    required = models.BooleanField(_("required before quality control"), default=False)
    warranty_months = models.PositiveSmallIntegerField(_("warranty, months"), default=0)
    recorded_by_polishing = models.BooleanField(
        _("recorded by taking back from polishing"), default=False
    )
    answers_for_whole_watch = models.BooleanField(_("answers for the whole watch"), default=False)
    performers = models.ManyToManyField(
        Employee, blank=True, related_name="skills", verbose_name=_("performers")
    )

    class Meta(CatalogueRow.Meta):
        verbose_name = _("operation type")
        verbose_name_plural = _("operation types")
        constraints = [
            models.UniqueConstraint(
                fields=["recorded_by_polishing"],
                condition=Q(recorded_by_polishing=True, active=True),
                name="one_active_polishing_type",
            )
        ]


class ReturnReason(CatalogueRow):
    """Why an inspector sends a watch back. The rule only pre-selects a person (law 5)."""

    class Rule(models.TextChoices):
        PERFORMER = "performer", _("who did the affected work")
        ASK = "ask", _("ask: polisher or assembler")
        NOBODY = "nobody", _("nothing pre-selected")

    affects = models.ForeignKey(
        OperationType, models.PROTECT, related_name="+", verbose_name=_("affected operation type")
    )
    rule = models.CharField(
        _("attribution rule"), max_length=12, choices=Rule.choices, default=Rule.PERFORMER
    )

    class Meta(CatalogueRow.Meta):
        verbose_name = _("reason for return")
        verbose_name_plural = _("reasons for return")


class HoldReason(CatalogueRow):
    """Why a watch waits."""

    is_incident = models.BooleanField(
        _("incident: manager and owner are told at once"), default=False
    )

    class Meta(CatalogueRow.Meta):
        verbose_name = _("reason for hold")
        verbose_name_plural = _("reasons for hold")


class RefusalReason(CatalogueRow):
    """Why a repair is refused."""

    class Meta(CatalogueRow.Meta):
        verbose_name = _("reason for refusal")
        verbose_name_plural = _("reasons for refusal")


class WaiverReason(CatalogueRow):
    """Why a required work is not needed on a receipt."""

    class Meta(CatalogueRow.Meta):
        verbose_name = _("reason for waiver")
        verbose_name_plural = _("reasons for waiver")


class DeadlineCause(CatalogueRow):
    """Why a deadline changes; only a cause with the flag replaces the first promise."""

    replaces_promise = models.BooleanField(_("replaces the first promise"), default=False)

    class Meta(CatalogueRow.Meta):
        verbose_name = _("cause of a deadline change")
        verbose_name_plural = _("causes of a deadline change")


class Metal(CatalogueRow):
    """Case metals."""

    class Meta(CatalogueRow.Meta):
        verbose_name = _("metal")
        verbose_name_plural = _("metals")


class ChecklistItem(CatalogueRow):
    """One line of the quality-control checklist."""

    class Meta(CatalogueRow.Meta):
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")
