"""The exceptions for a user's mistakes."""

__all__ = ["UsageError", "UserError"]


class UserError(Exception):
    """Wrong input. Its message is one line: the value, what was expected, and what to do.

    The command line prints it without a traceback and exits with 1.

    >>> try:
    ...     nca.load("missing")
    ... except nca.UserError as error:
    ...     print(error)
    missing: no such file or folder; expected a run folder, a .nca.json bundle or an exported page
    """


class UsageError(UserError):
    """Arguments that do not fit together. The command line exits with 2, and shows how it is used.

    argument: the name of the wrong one, if it is one alone.

    >>> try:
    ...     nca.train("examples/lava.png", "runs/lava", steps=100, minutes=1)
    ... except nca.UsageError as error:
    ...     print(error)
    --steps and --minutes exclude each other.
    """

    def __init__(self, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument
