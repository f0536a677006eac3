"""Pooling to a size of one's choice: given, and composed from the functions of chapter 01."""

from __future__ import annotations

from typing import Any

from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, stack
from tinytorch.support.windows import ImageLayer, check_images, pair, regions


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Return the means of regions of the images, as many as `output_size` (a number or a pair) says.

    None in the pair keeps the size of that axis.

    Shapes: (N, C, H, W) → (N, C, *output_size). Region i of H rows has the rows from ⌊i·H/out⌋ up to ⌈(i+1)·H/out⌉, as
    in torch. Size 1 is global average pooling (Lin et al. 2013, "Network in Network", arXiv:1312.4400).
    """
    x = input
    check_images(x)
    if isinstance(output_size, (tuple, list)) and len(output_size) == 2:
        output_size = [own if size is None else size for size, own in zip(output_size, x.shape[2:])]
    height, width = pair("output_size", output_size, 1)
    if (height, width) == (1, 1):
        return x.mean(dim=(2, 3), keepdim=True)
    x = stack([x[:, :, rows].mean(dim=2) for rows in regions(x.shape[2], height)], dim=2)
    return stack([x[..., columns].mean(dim=3) for columns in regions(x.shape[3], width)], dim=3)


class AdaptiveAvgPool2d(ImageLayer, Module):
    """The means of regions of the images, `output_size` of them; see `adaptive_avg_pool2d`."""

    output_size: Any

    def __init__(self, output_size: Any) -> None:
        self.keep(output_size=output_size)

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool2d(x, self.output_size)
