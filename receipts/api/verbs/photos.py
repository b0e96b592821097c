"""Photos: a picture is sent as a form with a file, everything else of the API as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from receipts.api.resources import PHOTOS
from receipts.api.verbs.base import Form, HangingVerb, ReasonForm
from receipts.models import Photo
from receipts.services import images, photos
from workshop.lib.api.formats import FileParser


class UploadForm(Form):
    """JPEG, PNG or WebP of at most 10 MB and 50 megapixels; it is re-encoded, without metadata."""

    photo = serializers.FileField(allow_empty_file=True)
    stage = serializers.ChoiceField(
        choices=Photo.Stage.choices, required=False, help_text="by the status, when left out"
    )


class PictureParser(FileParser):
    largest = images.MAX_BYTES


class AddPhoto(HangingVerb):
    """Attach a photo (`multipart/form-data`)."""

    of = PHOTOS
    parser_classes = (PictureParser,)
    body = UploadForm
    created = True
    service = photos.add_photo

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        picture = images.re_encode(data["photo"].read(images.MAX_BYTES + 1))
        return {"picture": picture, "stage": data.get("stage", "")}


class VoidPhoto(HangingVerb):
    """Void a photo: the file goes, the row with its hash stays."""

    of = PHOTOS
    key = "photo_id"
    body = ReasonForm
    service = photos.void_photo
