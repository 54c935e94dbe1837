"""Programs that make the files which the packages ship; they are not installed."""
