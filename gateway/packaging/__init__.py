"""How documents are wrapped: ASiC-E containers, signed and encrypted, and the way back. Streams in, streams out.

Writing: `parcel.seal_dpo`, `asice.write_asice`, `cms.envelope`. Opening: `parcel.open_dpo`, `opener.open_package`. The
records that cross the door are in `records`. Called by `delivery` and the sandbox.
"""
