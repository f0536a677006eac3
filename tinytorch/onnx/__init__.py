"""Networks as ONNX files, which other programs run and Netron shows: the extra `onnx`.

`export` writes a network of tinytorch, `load` returns one that computes what a file says, with tinytorch's functions.
"""

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError("tinytorch.onnx needs onnx, the extra `onnx`: pip install -e '.[onnx]'") from error

from tinytorch.onnx.exporting import export as export
from tinytorch.onnx.loading import load as load

__all__ = ["export", "load"]
