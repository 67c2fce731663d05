"""What other programs make of our packages, and we of theirs. Runs only with -m interop: it needs Java and a network."""
