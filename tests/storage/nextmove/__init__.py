"""Proves `storage.nextmove` on both databases."""
