"""Ways a backup gets damaged, or is none. Each makes a file and tells the environment it needs."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from history.backups import archive, sealing

Damage = Callable[[Path, Path, random.Random], tuple[Path, dict[str, str]]]
Members = dict[str, bytes]


def _plain(sealed: Path) -> Members:
    """What an encrypted backup holds, in its order."""
    opened = sealed.parent / f"{sealed.name}.plain"
    if not opened.exists():
        sealing.unseal(sealed, opened)
    with tarfile.open(opened) as file:
        return {info.name: file.extractfile(info).read() for info in file}  # type: ignore[union-attr]


def _tar(path: Path, members: Mapping[str, bytes], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for info in more:
            file.addfile(info)
    return path


def _with_manifest(members: Members, **changes: Any) -> Members:
    """Another manifest, with a checksum that fits: what a newer version would have written."""
    values = json.loads(members[archive.MANIFEST]) | changes
    text = json.dumps(values).encode()
    return members | {
        archive.MANIFEST: text,
        archive.CHECKSUM: hashlib.sha256(text).hexdigest().encode(),
    }


def _flipped(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return (
        content[:place]
        + bytes([content[place] ^ (1 << chance.randrange(8))])
        + content[place + 1 :]
    )


def _database(members: Members) -> str:
    return str(json.loads(members[archive.MANIFEST])["database"])


def _on_members(change: Callable[[Members, random.Random], Members]) -> Damage:
    def damage(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
        return _tar(path, change(_plain(made), chance)), {}

    return damage


def _cut(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    whole = _tar(path, _plain(made)).read_bytes()
    path.write_bytes(whole[: chance.randrange(1_000, len(whole) * 3 // 4)])
    return path, {}


def _cut_sealed(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    whole = made.read_bytes()
    path.write_bytes(whole[: chance.randrange(500, len(whole) - 100)])
    return path, {}


def _flip_sealed(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    path.write_bytes(_flipped(made.read_bytes(), chance))
    return path, {}


def _other_key(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    return made, {"BACKUP_IDENTITY": sealing.new_keys()[1]}


def _no_key(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    return made, {"BACKUP_IDENTITY": ""}


def _empty(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    path.write_bytes(b"")
    return path, {}


def _noise(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    path.write_bytes(chance.randbytes(50_000))
    return path, {}


def _link(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    info = tarfile.TarInfo(f"{archive.PHOTOS}link.jpg")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return _tar(path, _plain(made), info), {}


def _absent(made: Path, path: Path, chance: random.Random) -> tuple[Path, dict[str, str]]:
    return path, {}


def _without(name: str) -> Callable[[Members, random.Random], Members]:
    return lambda members, _chance: {key: value for key, value in members.items() if key != name}


def _photo(members: Members) -> str:
    return next(name for name in members if name.startswith(archive.PHOTOS))


DAMAGES: dict[str, Damage] = {
    "there is none": _absent,
    "empty": _empty,
    "noise": _noise,
    "cut off": _cut,
    "cut off, encrypted": _cut_sealed,
    "a bit of the encrypted file": _flip_sealed,
    "another key": _other_key,
    "no key": _no_key,
    "a bit of the database": _on_members(
        lambda m, c: m | {_database(m): _flipped(m[_database(m)], c)}
    ),
    "a bit of a photo": _on_members(lambda m, c: m | {_photo(m): _flipped(m[_photo(m)], c)}),
    "a bit of the manifest": _on_members(
        lambda m, c: m | {archive.MANIFEST: _flipped(m[archive.MANIFEST], c)}
    ),
    "no manifest": _on_members(_without(archive.MANIFEST)),
    "a photo is gone": _on_members(lambda m, c: _without(_photo(m))(m, c)),
    "the database is gone": _on_members(lambda m, c: _without(_database(m))(m, c)),
    "a file too many": _on_members(lambda m, c: m | {f"{archive.PHOTOS}more.jpg": b"x"}),
    "a way out of the folder": _on_members(
        lambda m, c: m | {f"{archive.PHOTOS}../../out.jpg": b"x"}
    ),
    "a link": _link,
    "a newer format": _on_members(lambda m, c: _with_manifest(m, format=2)),
    "a newer version": _on_members(
        lambda m, c: _with_manifest(m, migrations={"receipts": ["9999_of_the_future"]})
    ),
    "another database": _on_members(lambda m, c: _with_manifest(m, vendor="oracle")),
}
