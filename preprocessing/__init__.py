"""From raw radiology reports to entity graphs. Nothing in this package imports torch."""
