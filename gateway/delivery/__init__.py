"""The journey, in order: intake while the caller waits, then the worker's half, then what comes back."""
