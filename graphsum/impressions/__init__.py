"""From candidates to an impression that can be signed: planned, checked, mended, explained."""
