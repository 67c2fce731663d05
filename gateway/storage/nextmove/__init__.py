"""What the door under /api needs to remember and to read beside the rest: pages of the log, hidden conversations, a queue."""
