"""A reader study: blinded sheets, the answers' analysis, and how many reports it needs."""
