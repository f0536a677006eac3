"""Networks as ONNX files, which other programs run and Netron shows: the extra `onnx`.

`export` writes a network of tinytorch, `load` returns one that computes what a file says, with tinytorch's functions.
"""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError("tinytorch.onnx needs onnx, the extra `onnx`: pip install -e '.[onnx]'") from error

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.onnx.exporting import export as export
    from tinytorch.onnx.loading import load as load

_NAMES = {"tinytorch.onnx.exporting": "export", "tinytorch.onnx.loading": "load"}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
