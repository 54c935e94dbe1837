"""Programs that make the files that the packages contain; they are not installed."""
