"""Webhooks: subscriptions, where they may go, how an event is signed and posted, and who is told what when."""
