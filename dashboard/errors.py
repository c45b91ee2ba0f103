"""The errors that a person is meant to read."""


class UserError(Exception):
    """A plain sentence that says what is wrong and what to do next.

    Raised where an input enters (a model's name, a text, a file's ending). The page shows it as a notice; the command
    line prints it on standard error and exits with status 2. Any other exception is a bug.
    """
