"""The outside world on one machine: Maskinporten, Altinn, the ServiceRegistry, the Broker and recipients that live.

Started by `server.Sandbox`. It speaks real HTTP, on loopback alone, and shares nothing with the gateway but the format of
packages, keys and messages.
"""
