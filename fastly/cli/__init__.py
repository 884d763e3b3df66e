"""The command line ``fastly-billing``."""
