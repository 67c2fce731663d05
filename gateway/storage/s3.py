"""Documents in a bucket that speaks S3: the same promises as the folder's, for any number of machines.

In come plain bytes, out come their digests, and later the same bytes. Made by `app` where the settings name a bucket;
nothing else may import this, for it loads obstore. An upload is seen when it is complete, and not before.
"""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from gateway.errors import SetupFault, StorageUnavailable
from gateway.language import say
from gateway.storage.blobs import Blob, Bytes, Measure, Sealer, is_key, new_key, require_key
from gateway.storage.bucket import BucketSettings, is_safe_endpoint

try:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store
except ImportError as fault:
    raise SetupFault("documents in a bucket need obstore", mend="install the gateway with its extra [s3]") from fault

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore import ReadableFile

# The least that S3 takes as a part. Two are on the wire and one is being filled: so much memory has each upload.
_PART = 5 * 1024 * 1024
_PARTS_AT_ONCE = 2
_READ_AHEAD = 4 * 1024 * 1024
_PIECES_WAITING = 2
_PATIENCE = timedelta(seconds=30)
_CONNECTING = timedelta(seconds=5)
_TRIES = 5
_LOOK = 0.5
# Answers that will be the same until somebody changes the settings.
_OUR_SETTINGS = re.compile(
    r"NoSuchBucket|InvalidBucketName|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|PermanentRedirect"
    r"|AuthorizationHeaderMalformed|status code: (301|401|403)"
)
_CODE = re.compile(r"<Code>(\w+)</Code>")
_FAULTS = (BaseError, OSError, ValueError)


class BucketBlobs:
    """Sealed objects under a prefix of a bucket, called as the folder's files are: one can be copied into the other."""

    def __init__(self, settings: BucketSettings, *, sealer: Sealer) -> None:
        self._address = settings.address
        self._sealer = sealer
        with self._plain_errors():
            self._store = _open_store(settings)

    def check(self) -> None:
        """SetupFault where the bucket is not there or does not let us in."""
        try:
            for _ in obstore.list(self._store, "none"):
                break
        except _FAULTS as fault:
            if not _OUR_SETTINGS.search(str(fault)):
                raise self._unavailable(fault) from fault
            raise SetupFault(
                say("the bucket {address} cannot be used: {reason}", address=self._address, reason=_reason(fault)),
                mend="Check `documents`, `endpoint`, `region` and the credentials of [storage].",
            ) from fault

    def create(self) -> "ObjectWriter":
        """Begin an upload under a new key."""
        return ObjectWriter(self, new_key(), sealer=self._sealer)

    def open(self, key: str) -> BinaryIO:
        """The plain bytes; NotFound for what is no key, StorageUnavailable where the object is gone or was changed."""
        place = _place(key)
        with self._plain_errors():
            source = obstore.open_reader(self._store, place, buffer_size=_READ_AHEAD)
        return self._sealer.open(cast("BinaryIO", _ObjectReader(source, self)))

    def delete(self, key: str) -> None:
        """Take the bytes away, if they are there."""
        place = _place(key)
        with self._plain_errors():
            obstore.delete(self._store, place)

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys whose objects were written before then, by the bucket's own clock."""
        with self._plain_errors():
            for entries in obstore.list(self._store):
                for entry in entries:
                    shard, _, key = entry["path"].rpartition("/")
                    if is_key(key) and shard == key[:2] and entry["last_modified"] < moment:
                        yield key

    def sweep_unfinished(self, before: datetime) -> int:
        """None: a bucket's own lifecycle rule takes away the parts of uploads that a crash has cut off (README)."""
        return 0

    def put(self, key: str, pieces: bytes | Iterator[bytes]) -> None:
        """Write one object, seen when it is whole; an iterator that raises leaves nothing."""
        whole = isinstance(pieces, bytes)
        with self._plain_errors():
            obstore.put(
                self._store,
                _place(key),
                pieces,
                use_multipart=not whole,
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
            )

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Whatever goes wrong with the bucket as `StorageUnavailable`."""
        try:
            yield
        except _FAULTS as fault:
            raise self._unavailable(fault) from fault

    def _unavailable(self, fault: Exception) -> StorageUnavailable:
        return StorageUnavailable(
            say("the bucket {address} does not answer: {reason}", address=self._address, reason=_reason(fault)),
            mend=say("see that it can be reached, and that the credentials may read, write, list and delete there"),
        )


class ObjectWriter:
    """One upload. What is small goes as one request at the end; of what is large, parts go while it comes in."""

    def __init__(self, blobs: BucketBlobs, key: str, *, sealer: Sealer) -> None:
        self._blobs = blobs
        self._key = key
        self._measure = Measure()
        self._sink = _PartSink(blobs, key)
        self._sealed = sealer.seal(cast("BinaryIO", self._sink))

    def write(self, data: Bytes) -> int:
        """Take some more bytes: digest, CRC and size in the same pass."""
        self._sealed.write(data)
        return self._measure.add(data)

    def commit(self) -> Blob:
        """Seal the end and complete the upload; only then is it stored."""
        self._sealed.close()
        self._sink.complete()
        return self._measure.blob(self._key)

    def abort(self) -> None:
        """Leave nothing behind; after `commit` there is nothing to leave."""
        self._sink.abort()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Abort unless committed."""
        self.abort()


class _Aborted(Exception):
    """Raised inside obstore, so that it takes the parts back."""


class _PartSink:
    """Sealed bytes on their way: held back until they fill a part, then pulled by a thread that uploads."""

    def __init__(self, blobs: BucketBlobs, key: str) -> None:
        self._blobs = blobs
        self._key = key
        self._held = bytearray()
        self._pieces: Queue[bytes | None] = Queue(_PIECES_WAITING)
        self._thread: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._aborting = self._ended = False

    def write(self, data: Bytes) -> int:
        if self._thread is not None:
            self._hand_over(bytes(data))
            return len(data)
        self._held += data
        if len(self._held) > _PART:
            self._thread = threading.Thread(target=self._upload, name="upload", daemon=True)
            self._thread.start()
            self._hand_over(bytes(self._held))
            self._held.clear()
        return len(data)

    def complete(self) -> None:
        if self._thread is None:
            self._blobs.put(self._key, bytes(self._held))
        else:
            self._hand_over(None)
            self._thread.join()
            self._raise_fault()
        self._ended = True

    def abort(self) -> None:
        if self._ended:
            return
        self._ended = self._aborting = True
        if self._thread is not None:
            self._thread.join()

    def _hand_over(self, piece: bytes | None) -> None:
        while True:
            self._raise_fault()
            try:
                self._pieces.put(piece, timeout=_LOOK)
                return
            except Full:
                continue

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _upload(self) -> None:
        try:
            self._blobs.put(self._key, self._pull())
        except _Aborted:
            return
        except BaseException as fault:
            self._fault = fault

    def _pull(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._pieces.get(timeout=_LOOK)
            except Empty:
                piece = b""
            if self._aborting:
                raise _Aborted
            if piece is None:
                return
            if piece:
                yield piece


class _ObjectReader(io.RawIOBase):
    """An object as a raw file; some mebibytes are fetched at a time, so a slow reader holds no connection open."""

    def __init__(self, source: "ReadableFile", blobs: BucketBlobs) -> None:
        self._source = source
        self._blobs = blobs

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        with self._blobs._plain_errors():
            piece = memoryview(self._source.read(len(target)))
        target[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with self._blobs._plain_errors():
            return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def _open_store(settings: BucketSettings) -> S3Store:
    given = {
        "endpoint": settings.endpoint,
        "region": settings.region,
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key,
    }
    plain = settings.allow_http or (settings.endpoint is not None and is_safe_endpoint(settings.endpoint))
    return S3Store(
        settings.bucket,
        prefix=settings.prefix or None,
        client_options={"allow_http": plain, "timeout": _PATIENCE, "connect_timeout": _CONNECTING},
        retry_config={"max_retries": _TRIES, "retry_timeout": _PATIENCE},
        **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]  # named as its own
    )


def _place(key: str) -> str:
    """As in a folder of documents."""
    require_key(key)
    return f"{key[:2]}/{key}"


def _reason(fault: Exception) -> str:
    """The bucket's own word for it, else the first line of what obstore says, which holds no credentials."""
    text = str(fault)
    code = _CODE.search(text)
    return code[1] if code else text.partition("\n")[0][:300]
