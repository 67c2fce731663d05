"""Public clients of the integrasjonspunkt, replayed: their calls in their order, with their oddities, over real HTTP.

Each file is written from a description of what the client does, and plays it against a gateway with a worker.
"""
