"""The functions behind the layers, with torch's names: `F.relu`, `F.cross_entropy`, `F.conv2d`, ..."""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.activations import *  # noqa: F403
    from tinytorch.core.layers import *  # noqa: F403
    from tinytorch.core.losses import *  # noqa: F403
    from tinytorch.core.spatial import *  # noqa: F403
    from tinytorch.core.tensor import *  # noqa: F403
    from tinytorch.nn.pooling import *  # noqa: F403

_NAMES = {
    "tinytorch.core.activations": "relu sigmoid tanh gelu softmax log_softmax leaky_relu softplus",
    "tinytorch.core.layers": "linear dropout",
    "tinytorch.core.tensor": "pad",
    "tinytorch.core.losses": "mse_loss cross_entropy nll_loss binary_cross_entropy_with_logits",
    "tinytorch.core.spatial": """
        conv_output_size conv2d_loops conv2d_windows conv2d_im2col im2col col2im conv2d max_pool2d avg_pool2d batch_norm
    """,
    "tinytorch.nn.pooling": "adaptive_avg_pool2d",
}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
