"""Web pages that need nothing but themselves: impressions to read, and the scores of a system."""
