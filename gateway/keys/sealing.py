"""Documents at rest: sealed with AES-256-GCM, so that a lost disk or backup tells nothing and a changed one is noticed.

In come plain bytes and a sink, or a sealed source; out come the sealed or the plain bytes, streaming. Called by
`storage` through a port of its own. A file: magic, key id (8), nonce (12), wrapped data key (48), then frames of at
most 1 MiB + 16; a frame's number and whether it is the last are authenticated with it, so none can move or go
missing.
"""

import base64
import hashlib
import io
import os
import re
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import SetupFault, StorageUnavailable
from gateway.language import say

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

FRAME = 1024 * 1024
_MAGIC = b"gwsealed\x01"
_TAG = 16
_NONCE = 12
_KEY = 32
_ID = 8
_HEADER = len(_MAGIC) + _ID + _NONCE + _KEY + _TAG
_KEY_FILE = re.compile(r"sealing-(\d{4})\.key")


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key-encryption key of 32 bytes. Its `id` is drawn from the key itself, so it cannot name another."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        """Eight bytes that say which key sealed a file and nothing about the key."""
        return hashlib.sha256(b"gateway sealing key id\0" + self.secret).digest()[:_ID]


class DocumentSealer:
    """Seals under the first of `keys` (newest first) and opens what any of them sealed."""

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        if not keys:
            raise SetupFault(
                "there is no key to seal documents with", mend="name one in the settings, or the key folder"
            )
        self._newest = keys[0]
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys}

    def seal(self, sink: BinaryIO) -> "SealingWriter":
        """A writer that seals into `sink`. Its `close` writes the last frame and leaves the sink open, to be synced."""
        prefix = _MAGIC + self._newest.id
        data_key, nonce = secrets.token_bytes(_KEY), secrets.token_bytes(_NONCE)
        sink.write(prefix + nonce + self._ciphers[self._newest.id].encrypt(nonce, data_key, prefix))
        return SealingWriter(sink, AESGCM(data_key))

    def open(self, source: BinaryIO) -> BinaryIO:
        """A reader of the plain bytes. `StorageUnavailable` where a byte was changed; its `close` closes the source."""
        header = _read_fully(source, _HEADER)
        prefix, wrapped = header[: len(_MAGIC) + _ID], header[len(_MAGIC) + _ID :]
        cipher = self._ciphers.get(prefix[len(_MAGIC) :])
        if len(header) < _HEADER or not header.startswith(_MAGIC):
            raise _damaged(say("it does not begin like a sealed document"))
        if cipher is None:
            raise StorageUnavailable(
                say(
                    "a stored document is sealed with the key {key}, which is not at hand",
                    key=prefix[len(_MAGIC) :].hex(),
                ),
                mend=say("put the old sealing key back: no other key opens what it sealed"),
            )
        try:
            data_key = cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], prefix)
        except InvalidTag as fault:
            raise _damaged(say("its head was changed")) from fault
        return io.BufferedReader(_FrameReader(source, AESGCM(data_key)), FRAME)


class SealingWriter:
    """Takes plain bytes in any pieces. Only a closed writer leaves a file that opens."""

    def __init__(self, sink: BinaryIO, cipher: AESGCM) -> None:
        self._sink = sink
        self._cipher = cipher
        self._pending = bytearray()
        self._number = 0
        self._closed = False

    def write(self, data: "ReadableBuffer") -> int:
        """Seal `data`; a full frame is held back until it is known whether it is the last."""
        if self._closed:
            raise ValueError("write to a closed seal")
        view = memoryview(data).cast("B")
        start = 0
        while start < len(view):
            if len(self._pending) == FRAME:
                self._write_frame(last=False)
            taken = view[start : start + FRAME - len(self._pending)]
            self._pending += taken
            start += len(taken)
        return len(view)

    def close(self) -> None:
        """Write the last frame. Does nothing the second time."""
        if not self._closed:
            self._closed = True
            self._write_frame(last=True)

    def _write_frame(self, *, last: bool) -> None:
        nonce, bound = _frame_facts(self._number, last=last)
        self._sink.write(self._cipher.encrypt(nonce, self._pending, bound))
        self._pending.clear()
        self._number += 1


class _FrameReader(io.RawIOBase):
    """The plain bytes of a sealed source, a frame at a time; each is verified before a byte of it goes out."""

    def __init__(self, source: BinaryIO, cipher: AESGCM) -> None:
        self._source = source
        self._cipher = cipher
        self._plain = memoryview(b"")
        self._ahead = _read_fully(source, 1)
        self._number = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._plain and not self._ended:
            self._open_frame()
        target = memoryview(buffer).cast("B")
        taken = self._plain[: len(target)]
        target[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()

    def _open_frame(self) -> None:
        """Read one frame and one byte beyond it, which tells whether it is the last."""
        sealed = self._ahead + _read_fully(self._source, FRAME + _TAG)
        frame, self._ahead = sealed[: FRAME + _TAG], sealed[FRAME + _TAG :]
        self._ended = not self._ahead
        nonce, bound = _frame_facts(self._number, last=self._ended)
        try:
            self._plain = memoryview(self._cipher.decrypt(nonce, frame, bound))
        except InvalidTag as fault:
            why = say("its part {number} was changed, moved or cut off", number=self._number + 1)
            raise _damaged(why) from fault
        self._number += 1


def load_or_create_sealing_keys(folder: Path) -> tuple[SealingKey, ...]:
    """The keys in `folder` (`sealing-0001.key`, …), newest first; folder (0700), key (0600) made if missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _list_numbers(folder):
        create_sealing_key(folder)
    return load_sealing_keys(folder)


def load_sealing_keys(folder: Path) -> tuple[SealingKey, ...]:
    """The keys in `folder`, newest first; none where there are none, and nothing is made."""
    return tuple(
        read_sealing_key(path.read_text(errors="replace"))
        for path in (sealing_key_files(folder) if folder.is_dir() else ())
    )


def sealing_key_files(folder: Path) -> tuple[Path, ...]:
    """The files of the keys in `folder`, newest first."""
    return tuple(_name_key_file(folder, number) for number in _list_numbers(folder))


def create_sealing_key(folder: Path) -> None:
    """Put a new newest key into `folder`. Whoever comes second with the same number leaves the first one's in place."""
    number = max(_list_numbers(folder), default=0) + 1
    temporary = folder / f".new-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _link_once(temporary, _name_key_file(folder, number))
    finally:
        temporary.unlink()
    _sync_folder(folder)


def read_sealing_key(text: str) -> SealingKey:
    """A key as its file or a secret store holds it: 32 bytes in base64."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except ValueError:  # binascii.Error, or letters beyond ASCII
        secret = b""
    if len(secret) != _KEY:
        raise SetupFault(
            "a sealing key is not 32 bytes in base64",
            mend="put the key back from its backup; a new one opens nothing old",
        )
    return SealingKey(secret)


def _list_numbers(folder: Path) -> list[int]:
    matches = (_KEY_FILE.fullmatch(path.name) for path in folder.iterdir())
    return sorted((int(match[1]) for match in matches if match), reverse=True)


def _name_key_file(folder: Path, number: int) -> Path:
    return folder / f"sealing-{number:04d}.key"


def _link_once(temporary: Path, final: Path) -> None:
    """Give the whole file its name in one step: two processes may start at the same time, and only one key may win."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        return


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # only there can a folder be synced
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _frame_facts(number: int, *, last: bool) -> tuple[bytes, bytes]:
    """Nonce and bound data of a frame. The data key is the file's own, so its numbers are nonces that never repeat."""
    return struct.pack(">IQ", 0, number), struct.pack(">Q?", number, last)


def _read_fully(source: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end: a raw source may give less than it was asked for."""
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _damaged(why: str) -> StorageUnavailable:
    return StorageUnavailable(
        say("a stored document cannot be opened: {why}", why=why),
        mend=say("restore the document from a backup and check the disk"),
    )
