"""The names under which this machine calls itself: what may stand in `Host` and `Origin` unless the settings say more.

In comes nothing. Called by the login of this room and by the settings, which must not load Flask for it.
"""

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
