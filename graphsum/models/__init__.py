"""The models: what they are made of, how they are built, loaded and run."""
