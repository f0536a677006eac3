"""The functions behind the layers, with torch's names: `F.relu`, `F.cross_entropy`, `F.conv2d`, ..."""

from tinytorch.core import face

__all__ = """
    relu sigmoid tanh gelu softmax log_softmax leaky_relu linear dropout pad
    mse_loss cross_entropy nll_loss binary_cross_entropy_with_logits
    conv_output_size conv2d_loops conv2d_windows conv2d_im2col im2col col2im
    conv2d max_pool2d avg_pool2d adaptive_avg_pool2d batch_norm
""".split()
__getattr__, __dir__ = face(__name__, __all__)
