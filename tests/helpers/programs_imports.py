"""What :mod:`programs` imports once for all programs; nothing here may start a thread."""

__all__ = []
