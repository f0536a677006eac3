"""The functions behind the layers, with torch's names: `F.relu`, `F.cross_entropy`, `F.conv2d`, ..."""

from typing import TYPE_CHECKING

from tinytorch.names import lazy

if TYPE_CHECKING:  # so that editors and type checkers can follow the names
    from tinytorch.core.activations import gelu, sigmoid, tanh  # noqa: F401
    from tinytorch.core.layers import linear  # noqa: F401
    from tinytorch.core.spatial import (  # noqa: F401
        col2im,
        conv2d,
        conv2d_im2col,
        conv2d_loops,
        conv2d_windows,
        conv_output_size,
        im2col,
    )
    from tinytorch.core.tensor import pad  # noqa: F401
    from tinytorch.nn.activations import *  # noqa: F403
    from tinytorch.nn.losses import *  # noqa: F403
    from tinytorch.nn.normalization import *  # noqa: F403
    from tinytorch.nn.pooling import *  # noqa: F403
    from tinytorch.nn.regularization import *  # noqa: F403
    from tinytorch.nn.resizing import *  # noqa: F403
    from tinytorch.nn.sparse import *  # noqa: F403
    from tinytorch.nn.spatial import *  # noqa: F403

_NAMES = {
    "tinytorch.core.activations": "sigmoid tanh gelu",
    "tinytorch.nn.activations": """
        relu softmax log_softmax leaky_relu softplus celu elu hardshrink hardsigmoid hardswish hardtanh logsigmoid mish
        prelu relu6 selu silu softmin softshrink softsign tanhshrink threshold
    """,
    "tinytorch.core.layers": "linear",
    "tinytorch.nn.regularization": "dropout dropout2d",
    "tinytorch.nn.normalization": "group_norm layer_norm normalize rms_norm",
    "tinytorch.nn.sparse": "embedding one_hot",
    "tinytorch.nn.resizing": "interpolate",
    "tinytorch.core.tensor": "pad",
    "tinytorch.nn.losses": """
        mse_loss cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits huber_loss kl_div l1_loss
        smooth_l1_loss
    """,
    "tinytorch.core.spatial": """
        conv_output_size conv2d_loops conv2d_windows conv2d_im2col im2col col2im conv2d
    """,
    "tinytorch.nn.spatial": "max_pool2d avg_pool2d batch_norm avg_pool1d conv1d max_pool1d",
    "tinytorch.nn.pooling": "adaptive_avg_pool2d",
}

__getattr__, __dir__, __all__ = lazy(__name__, _NAMES)
