"""A bucket on loopback: moto's server, spoken to over real HTTP, and looked into from behind."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import requests
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from gateway.storage.bucket import BucketSettings

REGION = "us-east-1"


@dataclass(frozen=True)
class Buckets:
    """A running server."""

    url: str

    def make(self, prefix: str = "documents") -> BucketSettings:
        """A new bucket, and how it is reached."""
        name = f"bucket-{uuid4().hex}"
        requests.put(f"{self.url}/{name}", timeout=30).raise_for_status()
        return BucketSettings(name, prefix, self.url, REGION, "key", "secret")


@contextmanager
def serving_buckets() -> Iterator[Buckets]:
    """A server of buckets while the block lasts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Buckets(f"http://{host}:{port}")
    finally:
        server.stop()


def objects(settings: BucketSettings) -> dict[str, bytes]:
    """Every object of the bucket, by its whole name."""
    held = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[settings.bucket].keys
    return {name: held[name].value for name in list(held)}


def overwrite(settings: BucketSettings, name: str, content: bytes) -> None:
    """Put other bytes in the place of an object."""
    login = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"}  # moto asks no more
    url = f"{settings.endpoint}/{settings.bucket}/{name}"
    requests.put(url, data=content, headers=login, timeout=30).raise_for_status()


def written_at(settings: BucketSettings, name: str, moment: datetime) -> None:
    """Let an object have been written then."""
    held = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[settings.bucket].keys
    held[name].last_modified = moment.replace(tzinfo=None)


def unfinished(settings: BucketSettings) -> list[str]:
    """The names of uploads that were begun and neither completed nor aborted."""
    answer = requests.get(f"{settings.endpoint}/{settings.bucket}?uploads", timeout=30)
    answer.raise_for_status()
    return re.findall("<Key>([^<]*)</Key>", answer.text)
