"""The wire: one port for all channels, one file (or folder) a channel."""
