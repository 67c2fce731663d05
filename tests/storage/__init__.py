"""Proves the room `storage`: on SQLite always, on PostgreSQL where the machine has its server and psycopg."""
