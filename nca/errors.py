"""The one exception for a user's mistake."""

__all__ = ["UserError"]


class UserError(Exception):
    """Bad input: one line that names the value, what was expected and what to do.

    The command line prints it without a traceback and exits with 1.
    """
