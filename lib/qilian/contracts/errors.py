"""Errors for users: one sentence that says what is wrong and what was expected."""


class InputError(ValueError):
    """One sentence for the user: which file or parameter, what is wrong, what was expected."""


def require(name: str, value: object, holds: bool, expected: str) -> None:
    """Raise InputError where a parameter's value is not as expected."""
    if not holds:
        raise InputError(f"{name} is {value}, expected {expected}.")
