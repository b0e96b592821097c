"""Bases of the models: rows that are kept for ever, rows that can be voided, catalogue rows."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeletionForbidden(Exception):
    """Nothing is deleted here (law 3): deactivate, or void with a reason."""


class KeptQuerySet(models.QuerySet[Any]):
    def delete(self) -> NoReturn:
        raise DeletionForbidden(self.model.__name__)


class Kept(models.Model):
    """A row that no door can delete."""

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise DeletionForbidden(type(self).__name__)


class VoidableQuerySet(KeptQuerySet):
    def valid(self) -> Self:
        """Rows that count: not voided."""
        return self.filter(voided_at__isnull=True)


class Voidable(Kept):
    """A record that can be declared void; it then leaves every number."""

    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True, editable=False)
    void_reason = models.CharField(_("reason for voiding"), max_length=500, blank=True)

    objects = VoidableQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        abstract = True

    @property
    def is_void(self) -> bool:
        return self.voided_at is not None


class CatalogueQuerySet(KeptQuerySet):
    def active(self) -> Self:
        return self.filter(active=True)


class CatalogueRow(Kept):
    """A row the office edits; ``code`` is stable, the name is free, it is never deleted."""

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    order = models.PositiveIntegerField(_("order"), default=100)
    active = models.BooleanField(_("active"), default=True)

    objects = CatalogueQuerySet.as_manager()  # type: ignore[misc]  # stubs' view

    class Meta:
        abstract = True
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name
