"""Annotate a corpus of any size: worker processes, constant memory, resumable output."""
