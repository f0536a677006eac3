"""Given code that the chapters import and that nobody has to read: argument checks, bookkeeping, threads.

A file is named after the chapter that it serves first (`tensor`, `layers`, `losses`, ...), or after its subject
(`threads`, `random`, `windows`). Everything here works on NumPy arrays and imports nothing of `tinytorch.core`.
"""
