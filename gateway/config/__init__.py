"""The settings: a TOML file and the environment in, the frozen settings records of the rooms out.

`[server] port = 8080` may also be given as GATEWAY_SERVER_PORT. Every fault is told at once, with its key and its line.
Called by `app` and `cli`.
"""

from gateway.config.reading import load
from gateway.config.records import DocumentSettings, KeySettings, ServerSettings, Settings

__all__ = ["DocumentSettings", "KeySettings", "ServerSettings", "Settings", "load"]
