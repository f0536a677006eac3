"""What the pictures of module 09 share: small images, and what a place of a map sees of one."""

import numpy as np

import tinytorch as tt


def image_of(values, **settings) -> tt.Tensor:
    """A batch of one image of one channel."""
    return tt.tensor(np.asarray(values, np.float64)[None, None], **settings)


def seen_by(function, shape, at) -> np.ndarray:
    """Whether each pixel of an image reaches place `at` of a map: where its gradient is not 0."""
    image = image_of(np.ones(shape), requires_grad=True)
    function(image)[(0, 0, *at)].backward()
    return image.grad.data[0, 0] != 0


def within(i: int, j: int, top: int, left: int, height: int, width: int) -> bool:
    return top <= i < top + height and left <= j < left + width
