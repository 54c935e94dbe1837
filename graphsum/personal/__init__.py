"""Impressions in the style of their reader: what a style is, measuring it, and restyling."""
