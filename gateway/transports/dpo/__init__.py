"""DPO: Altinn 3 Broker. Sealed ZIPs go up to it as file transfers, and come down from it."""

from gateway.transports.dpo.broker import DpoSettings
from gateway.transports.dpo.transport import DpoTransport

__all__ = ["DpoSettings", "DpoTransport"]
