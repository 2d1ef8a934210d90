"""What ends a part without a figure."""


class Broken(Exception):
    """Something did not do what is measured."""
