"""TinyTorch: a deep-learning framework that you build, chapter by chapter, with torch's names.

Here are tensors and their functions, `no_grad` and `grad`, `save` and `load`, and the `Trainer`. Layers are in
`tinytorch.nn`, their functions in `tinytorch.nn.functional`, optimizers in `tinytorch.optim`, loaders and data in
`tinytorch.data`, the cost and receptive field of a network in `tinytorch.analysis`, and ONNX files in `tinytorch.onnx`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.analysis import *  # noqa: F403
    from tinytorch.core.activations import *  # noqa: F403
    from tinytorch.core.autograd import *  # noqa: F403
    from tinytorch.core.tensor import *  # noqa: F403
    from tinytorch.core.training import *  # noqa: F403
    from tinytorch.creation import *  # noqa: F403
    from tinytorch.dtypes import *  # noqa: F403
    from tinytorch.functions.activations import *  # type: ignore[assignment]  # noqa: F403
    from tinytorch.functions.autograd import grad, no_grad  # noqa: F401
    from tinytorch.functions.comparison import *  # noqa: F403
    from tinytorch.functions.elementwise import *  # noqa: F403
    from tinytorch.functions.indexing import *  # noqa: F403
    from tinytorch.functions.products import *  # noqa: F403
    from tinytorch.functions.recording import *  # noqa: F403
    from tinytorch.functions.reductions import *  # noqa: F403
    from tinytorch.functions.shapes import *  # type: ignore[assignment]  # noqa: F403
    from tinytorch.interchange import *  # noqa: F403
    from tinytorch.serialization import *  # noqa: F403
    from tinytorch.support.devices import *  # noqa: F403
    from tinytorch.support.printing import *  # noqa: F403
    from tinytorch.support.random import *  # noqa: F403

_NAMES = {
    "tinytorch.core.tensor": "Tensor reshape permute flatten unsqueeze primitive",
    "tinytorch.functions.chapter": "mul neg matmul exp log sqrt abs stack multiply negative absolute clone",
    "tinytorch.creation": """
        tensor as_tensor from_numpy scalar_tensor zeros ones empty full zeros_like ones_like empty_like full_like eye
        arange linspace logspace randn rand randint randperm normal bernoulli multinomial rand_like randn_like
        randint_like
    """,
    "tinytorch.dtypes": """
        float16 half float32 float float64 double int8 uint8 int16 short int32 int int64 long bool dtype
        get_default_dtype set_default_dtype result_type iinfo finfo pi e inf nan newaxis
    """,
    "tinytorch.support.devices": "device cuda backends accelerator get_default_device set_default_device",
    "tinytorch.support.printing": "set_printoptions",
    "tinytorch.interchange": "from_dlpack",
    "tinytorch.support.random": "manual_seed default_generator Generator",
    "tinytorch.core.activations": "relu sigmoid tanh",
    "tinytorch.core.autograd": "vjp backward is_grad_enabled",
    "tinytorch.functions.activations": "softmax log_softmax",
    "tinytorch.functions.autograd": "grad no_grad",
    "tinytorch.functions.recording": "enable_grad set_grad_enabled inference_mode",
    "tinytorch.functions.elementwise": """
        sin cos tan asin acos atan sinh cosh asinh acosh atanh erf erfc exp2 expm1 log2 log10 log1p rsqrt reciprocal
        square sign floor ceil round trunc frac add sub div true_divide floor_divide fmod remainder atan2 pow lerp
        addcmul addcdiv maximum minimum clamp clip clamp_min clamp_max nan_to_num subtract divide
    """,
    "tinytorch.functions.comparison": """
        eq ne lt le gt ge logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not
        isnan isinf isfinite isclose allclose equal is_tensor is_floating_point is_nonzero numel
    """,
    "tinytorch.functions.reductions": """
        sum mean nansum var std var_mean std_mean amax amin aminmax max min argmax argmin all any count_nonzero prod
        norm logsumexp cumsum cumprod median mode
    """,
    "tinytorch.functions.shapes": """
        transpose swapaxes swapdims t movedim moveaxis squeeze unflatten ravel atleast_1d atleast_2d atleast_3d expand
        broadcast_to broadcast_tensors broadcast_shapes tile repeat_interleave flip fliplr flipud roll rot90 split chunk
        tensor_split hsplit vsplit unbind select narrow cat concatenate concat hstack vstack dstack column_stack
        meshgrid tril triu diagonal diag trace tril_indices triu_indices
    """,
    "tinytorch.functions.indexing": """
        where nonzero argwhere masked_select masked_fill index_select gather take_along_dim take scatter scatter_add
        sort argsort msort topk kthvalue unique bincount histc
    """,
    "tinytorch.functions.products": """
        mm bmm mv dot inner outer addmm addmv addr baddbmm addbmm tensordot einsum
    """,
    "tinytorch.core.training": "Trainer accuracy clip_grad_norm",
    "tinytorch.serialization": "save load",
    "tinytorch.analysis": "explain receptive_field summary",
}
# `import tinytorch` is enough to write tinytorch.nn.Linear
_PACKAGES = ["analysis", "autograd", "data", "nn", "optim", "utils"]

_lookup, __dir__, _all = lazy(__name__, _NAMES)
__all__ = [*_all, *_PACKAGES]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES or name in ("onnx", "viz"):  # which are not in __all__: they need extras
        return importlib.import_module(f"tinytorch.{name}")
    if name == "__version__":
        from importlib.metadata import version  # takes longer than everything else here

        return version("tinytorch")
    return _lookup(name)
