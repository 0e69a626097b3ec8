"""The eight ways to get predictions that are compared: what each uses, and for what it does not fit."""

from stageline.costs.options.option import Option
from stageline.costs.options.options import OPTIONS, option_named

__all__ = ["OPTIONS", "Option", "option_named"]
