"""Tests of the door under /api."""
