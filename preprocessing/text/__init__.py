"""Words without medicine: sentences, status, change over time, sides."""
