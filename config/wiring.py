"""Which event of a lower package is heard by which function of an upper one.

Lower packages never import upper ones; this is the one place that introduces them to each other.
"""


def connect() -> None:
    """Register every handler. Called once, when Django has loaded all apps."""
