"""Data sets the local stack serves: simulated, two real public ones, or a directory of one's own."""

from local.datasets.layout import DatasetError
from local.datasets.preparation import prepare

__all__ = ["DatasetError", "prepare"]
