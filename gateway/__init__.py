"""The arkivmelding gateway: an arkivmelding goes in, its recipients get it."""

__version__ = "0.1.0"
