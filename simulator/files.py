"""Files: what was uploaded, under the ids the Bot API gives out.

A file id says its kind and number in a form that looks as opaque as Telegram's. Bytes lie beside
the database, or in memory.
"""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from simulator.errors import BadRequest
from simulator.params import Params, Upload
from simulator.store import Store

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_SIDES = (90, 320, 800, 1280)
_EXTENSIONS = {"photo": "jpg", "sticker": "webp", "voice": "oga"}

Media = dict[str, Any]


@dataclass
class StoredFile:
    number: int
    kind: str
    name: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    group: int = 0

    @property
    def file_id(self) -> str:
        seed = f"{self.kind}:{self.number}"
        digest = hashlib.sha256(seed.encode()).digest()[:24]
        return base64.urlsafe_b64encode(seed.encode().ljust(24, b"\0") + digest).decode()

    @property
    def unique_id(self) -> str:
        return "AQAD" + base64.urlsafe_b64encode(self.number.to_bytes(6, "big")).decode()

    @property
    def path(self) -> str:
        folder = "photos" if self.kind == "photo" else f"{self.kind}s"
        extension = _EXTENSIONS.get(self.kind) or Path(self.name).suffix.lstrip(".") or "bin"
        safe = extension if extension.isalnum() and extension.isascii() else "bin"
        return f"{folder}/file_{self.number}.{safe}"

    def describe(self) -> Media:
        base = {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        }
        if self.width:
            base |= {"width": self.width, "height": self.height}
        return base


class FileStore:
    def __init__(self, store: Store, folder: Path | None, first_number: int) -> None:
        self._store = store
        self._folder = folder / "files" if folder is not None else None
        self._blobs: dict[int, bytes] = {}
        self._files: dict[int, StoredFile] = {}
        self._by_id: dict[str, StoredFile] = {}
        self._groups: dict[int, list[StoredFile]] = {}
        self._next = first_number
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
        for _, raw in store.load("file"):
            self._remember(StoredFile(**raw))

    def _remember(self, file: StoredFile) -> None:
        self._files[file.number] = file
        self._by_id[file.file_id] = file
        if file.group:
            self._groups.setdefault(file.group, []).append(file)
        self._next = max(self._next, file.number + 1)

    def clear(self) -> None:
        for file in list(self._files.values()):
            if self._folder is not None:
                (self._folder / str(file.number)).unlink(missing_ok=True)
        self._files.clear()
        self._by_id.clear()
        self._groups.clear()
        self._blobs.clear()

    def add(
        self, kind: str, upload: Upload, *, size: tuple[int, int] = (0, 0), group: int = 0
    ) -> StoredFile:
        """`size` is width and height in pixels; `group` joins the sizes of one picture."""
        name, mime = upload.name, upload.mime
        file = StoredFile(self._next, kind, name, mime, len(upload.data), *size, group)
        if self._folder is None:
            self._blobs[file.number] = upload.data
        else:
            (self._folder / str(file.number)).write_bytes(upload.data)
        self._remember(file)
        self._store.put("file", file.number, vars(file))
        return file

    def find(self, file_id: str) -> StoredFile | None:
        return self._by_id.get(file_id)

    def find_path(self, path: str) -> StoredFile | None:
        number = path.rpartition("_")[2].partition(".")[0]
        file = self._files.get(int(number)) if number.isascii() and number.isdigit() else None
        return file if file is not None and file.path == path else None

    def read(self, file: StoredFile) -> bytes:
        if self._folder is None:
            return self._blobs[file.number]
        return (self._folder / str(file.number)).read_bytes()

    def add_photo(self, upload: Upload) -> list[Media]:
        """Re-encodes a picture to JPEG in Telegram's sizes, smallest first.

        Raises BadRequest for a file above 10 MB, for something that is no picture, and for
        sides Telegram refuses.
        """
        if len(upload.data) > MAX_PHOTO_BYTES:
            raise BadRequest(f"file of size {len(upload.data)} bytes is too big for a photo")
        try:
            with Image.open(io.BytesIO(upload.data)) as source:
                wide, high = source.size
                if wide + high > 10_000 or max(wide, high) > 20 * min(wide, high):
                    raise BadRequest("PHOTO_INVALID_DIMENSIONS")
                picture = ImageOps.exif_transpose(source).convert("RGB")
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise BadRequest("IMAGE_PROCESS_FAILED") from error
        group = self._next
        for side in _SIDES:
            copy = picture.copy()
            copy.thumbnail((side, side))
            out = io.BytesIO()
            copy.save(out, "JPEG", quality=87)
            jpeg = Upload("photo.jpg", "image/jpeg", out.getvalue())
            self.add("photo", jpeg, size=copy.size, group=group)
            if max(picture.size) <= side:
                break
        return self.photo_sizes(group)

    def photo_sizes(self, group: int) -> list[Media]:
        """All sizes of one picture, smallest first."""
        return [size.describe() for size in self._groups[group]]

    def document(self, file: StoredFile) -> Media:
        return {"file_name": file.name, "mime_type": file.mime, **file.describe()}

    def media_of(self, params: Params, kind: str, value: Any) -> list[Media] | Media:
        """A photo (list of sizes) or a document from `value`: a file id, attach:// or an upload."""
        upload = params.uploads.get(kind)
        if isinstance(value, str) and value.startswith("attach://"):
            upload = params.uploads.get(value.removeprefix("attach://"))
            if upload is None:
                raise BadRequest("wrong file identifier/HTTP URL specified")
        elif isinstance(value, str) and value:
            return self._existing(kind, value)
        if upload is None:
            raise BadRequest(f"there is no {kind} in the request")
        if not upload.data:
            raise BadRequest("file must be non-empty")
        if kind == "photo":
            return self.add_photo(upload)
        return self.document(self.add("document", upload))

    def _existing(self, kind: str, file_id: str) -> list[Media] | Media:
        if file_id.startswith(("http://", "https://")):
            # The simulator never leaves the machine, so no address can be fetched.
            raise BadRequest("failed to get HTTP URL content")
        file = self.find(file_id)
        if file is None:
            raise BadRequest("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise BadRequest(
                f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}"
            )
        return self.photo_sizes(file.group) if kind == "photo" else self.document(file)


def draw_watch(seed: int) -> Upload:
    """A picture to send without having one: a dial whose hands depend on `seed`."""
    picture = Image.new("RGB", (960, 1280), (52 + seed * 37 % 60, 60, 68))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((130, 290, 830, 990), fill=(214, 208, 192), outline=(150, 128, 80), width=28)
    for hour in range(12):
        draw.regular_polygon((480, 640, 320), 12, rotation=hour * 30, outline=(120, 110, 90))
    draw.line((480, 640, 480 + seed * 53 % 360 - 180, 460), fill=(30, 34, 40), width=18)
    draw.line((480, 640, 480, 380), fill=(30, 34, 40), width=10)
    draw.ellipse((462, 622, 498, 658), fill=(150, 40, 40))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return Upload(f"watch-{seed}.jpg", "image/jpeg", out.getvalue())
