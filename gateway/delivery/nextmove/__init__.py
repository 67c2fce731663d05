"""What the door under /api changes beside the sending itself: subscriptions in its words, and what is put out of sight."""
