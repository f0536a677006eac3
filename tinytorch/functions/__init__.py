"""Torch's functions of tensors that the chapters do not write: given, and composed from what they do.

Each has torch's name, parameters and defaults. What no expression of the chapters' functions gives has a gradient rule
beside it.
"""
