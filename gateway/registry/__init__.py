"""Who can take it and how: the ServiceRegistry over HTTP, its answers as records, and the choice of channel."""
