"""The look of the office site (django-unfold)."""

from .workshop import WORKSHOP_NAME

UNFOLD = {
    "SITE_TITLE": WORKSHOP_NAME,
    "SITE_HEADER": WORKSHOP_NAME,
}
