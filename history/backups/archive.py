"""The file of a backup: a tar with the database, the photos, and a manifest that names it all.

Order of the members: the database, the photos, ``manifest.json``, ``manifest.sha256``. Everything
is read and compared with the manifest before a restore writes its first byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from history.backups.errors import Refused

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
CHECKSUM: Final = "manifest.sha256"
PHOTOS: Final = "media/"
_LARGEST_MANIFEST: Final = 256 * 1024 * 1024  # bytes; a line for each photo
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """What the backup holds. ``made_at`` is an instant in UTC, ISO 8601."""

    made_at: str
    vendor: str
    database: str  # the member that holds it
    migrations: dict[str, list[str]]  # app → the newest ones
    counts: dict[str, int]  # table → rows
    secrets: dict[str, str]  # name of a setting → mark of its value
    members: dict[str, list[Any]] = field(default_factory=dict)  # name → [bytes, sha256]
    format: int = FORMAT

    @property
    def photos(self) -> list[str]:
        return [name for name in self.members if name.startswith(PHOTOS)]


class Writer:
    """Fills a tar member by member and notes the hash of each."""

    def __init__(self, file: tarfile.TarFile) -> None:
        self._file = file
        self._members: dict[str, list[Any]] = {}

    def add(self, name: str, path: Path) -> None:
        """``path`` as member ``name``, as long as it was when it was opened."""
        with path.open("rb") as content:
            info = tarfile.TarInfo(name)
            info.size = path.stat().st_size
            info.mode = 0o600
            hashing = _Hashing(content)
            self._file.addfile(info, hashing)
        self._members[name] = [info.size, hashing.digest.hexdigest()]

    def close(self, manifest: Manifest) -> Manifest:
        """The manifest and its own hash end the file."""
        whole = Manifest(**{**asdict(manifest), "members": self._members})
        text = json.dumps(asdict(whole), ensure_ascii=False, sort_keys=True).encode()
        self._add_bytes(MANIFEST, text)
        self._add_bytes(CHECKSUM, hashlib.sha256(text).hexdigest().encode())
        return whole

    def _add_bytes(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        self._file.addfile(info, io.BytesIO(content))


class _Hashing:
    """A reader that hashes what passes through."""

    def __init__(self, content: io.BufferedReader) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self.digest.update(chunk)
        return chunk


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new file that nobody else may read."""
    path.touch(mode=0o600)
    with tarfile.open(path, "w") as file:
        yield Writer(file)


def verified(path: Path) -> Manifest:
    """Read the whole file; its manifest when everything in it is as it was written.

    Raises Refused, which names the first thing that is wrong.
    """
    try:
        found, texts = _read(path)
    except (tarfile.TarError, EOFError) as error:
        raise Refused("This is no backup, or its end is missing.") from error
    manifest = _manifest(texts)
    if missing := sorted(set(manifest.members) - set(found)):
        raise Refused(f"The backup is damaged: {missing[0]} is missing.")
    if foreign := sorted(set(found) - set(manifest.members)):
        raise Refused(f"The backup is damaged: {foreign[0]} does not belong into it.")
    for name, told in found.items():
        if told != manifest.members[name]:
            raise Refused(f"The backup is damaged: {name} was changed.")
    if manifest.database not in found:
        raise Refused("The backup is damaged: it holds no database.")
    return manifest


def _read(path: Path) -> tuple[dict[str, list[Any]], dict[str, bytes]]:
    """Size and hash of each member; the manifest and its checksum as they are."""
    found: dict[str, list[Any]] = {}
    texts: dict[str, bytes] = {}
    for name, info, content in _members(path):
        if name in found or name in texts:
            raise Refused(f"The backup is damaged: {name} is in it twice.")
        if name in {MANIFEST, CHECKSUM}:
            texts[name] = content.read(_LARGEST_MANIFEST)
        else:
            found[name] = [info.size, _hash(content)]
    return found, texts


def take_out(path: Path, name: str, target: Path) -> None:
    """One member into a file. Call it for a verified backup."""
    for member, _info, content in _members(path):
        if member == name:
            with target.open("wb") as file:
                _copy(content, file)
            return
    raise Refused(f"The backup is damaged: {name} is missing.")


def take_out_photos(path: Path, folder: Path) -> int:
    """All photos below ``folder``; how many."""
    count = 0
    for name, _info, content in _members(path):
        if name.startswith(PHOTOS):
            target = folder / name.removeprefix(PHOTOS)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                _copy(content, file)
            count += 1
    return count


def _members(path: Path) -> Iterator[tuple[str, tarfile.TarInfo, Any]]:
    """Each regular file of the tar in its order. Anything else, and a name that leaves the folder,
    is refused: a tar may hold links and absolute paths.
    """
    with tarfile.open(path, "r:") as file:
        for info in file:
            parts = PurePosixPath(info.name).parts
            if not info.isreg() or info.name.startswith("/") or ".." in parts:
                raise Refused(f"The backup is damaged: {info.name!r} has no place in it.")
            content = file.extractfile(info)
            if content is None:
                raise Refused(f"The backup is damaged: {info.name!r} cannot be read.")
            yield info.name, info, content


def _manifest(texts: dict[str, bytes]) -> Manifest:
    text, checksum = texts.get(MANIFEST), texts.get(CHECKSUM)
    if text is None or checksum is None:
        raise Refused("This is no backup, or its end is missing: there is no manifest.")
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        raise Refused("The backup is damaged: its manifest was changed.")
    values = json.loads(text)
    if values.get("format") != FORMAT:
        raise Refused(f"The backup has format {values.get('format')}; this version reads {FORMAT}.")
    return Manifest(**values)


def _hash(content: Any) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _copy(content: Any, file: Any) -> None:
    while chunk := content.read(_CHUNK):
        file.write(chunk)
