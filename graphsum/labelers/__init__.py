"""Labelers: reports in, one state for each class of a schema out. ``docs/labels.md`` has it all."""
