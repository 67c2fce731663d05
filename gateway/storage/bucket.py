"""Where a bucket is and who may use it: what `s3` is opened with, without anything of S3 being loaded.

In comes what the settings say, out comes a frozen `BucketSettings`. Called by `config`, which a folder installation and
`gateway validate` use, too.
"""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """A bucket and a prefix in it. What is None or empty is taken from the AWS_… variables or the machine's role."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    allow_http: bool = False

    @property
    def address(self) -> str:
        """As it is told: no credentials are in it."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")


def read_bucket_address(address: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`; ValueError where it is none."""
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(address)
    return parts.netloc, parts.path.strip("/")


def is_safe_endpoint(endpoint: str) -> bool:
    """Whether it is HTTPS, or an address of this machine's own."""
    parts = urlsplit(endpoint)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
