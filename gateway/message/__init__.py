"""What travels: identifiers, envelopes, prototypes and statuses. Pure: no clock, disk, network or Flask."""
