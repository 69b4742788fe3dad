"""What can be wrong with the files that a person writes into a home."""


class ConfigurationError(Exception):
    """One of them cannot be used: the file, the line, what was expected. Nothing is read until it is put right."""
