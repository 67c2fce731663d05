"""The door: requests in, answers out. Translates, decides nothing."""
