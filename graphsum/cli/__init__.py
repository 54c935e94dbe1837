"""The subcommands of ``graphsum``: a module each, which says its options and what it does."""
