"""What tests send and no log may ever hold: marks that are looked for when the run is over."""

# A synthetic number (month + 80) with right check digits.
PERSON_NUMBER = "15859010099"
DOCUMENT_MARK = "INNHOLD-SOM-INGEN-LOGG-SKAL-HA"
SECRET_TITLE = "Hemmelig tittel om barnevernssak"
PDF = b"%PDF-1.4\n" + DOCUMENT_MARK.encode() + b"\n%%EOF\n"
