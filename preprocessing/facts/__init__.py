"""What a text says: observations and statements, with status and side."""
