"""The reference system's own API, under /api: the same rooms behind, its words in front.

For clients that were written for the integrasjonspunkt. `routes` puts it on the app. Source: reference of the NextMove API.
"""
