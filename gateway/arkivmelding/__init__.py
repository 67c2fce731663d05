"""What the sender gave us: XML in, facts and faults out. Pure."""
