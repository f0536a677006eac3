"""Windows laid out as columns, and pooled: pictures of module 09."""

import numpy as np

from pictures.images import image_of, within
from pictures.svg import WIDTH, WORDS, Picture
from tinytorch.core.spatial import image_columns, placer
from tinytorch.nn import functional as F


def im2col() -> Picture:
    image, kernel = np.arange(1, 10).reshape(3, 3), np.array([[1, 2], [3, 4]])
    columns = F.im2col(image_of(image), kernel_size=2).data[0]
    output = F.conv2d(image_of(image), image_of(kernel)).data[0, 0].reshape(1, -1)
    picture = Picture(
        "im2col",
        f"The {WORDS[columns.shape[1]]} windows of a small image, each laid out as a column of {WORDS[len(columns)]} "
        "numbers. The filter, laid flat as a row, times these columns is the output: one number under each column. "
        f"The pixel in the middle stands in {WORDS[(columns == image[1, 1]).sum()]} of them.",
    )
    size, left, right, top = 30, 16, 224, 52
    kinds = {0: "a", 3: "b"}

    def pixel(i, j):
        return "a" if within(i, j, 0, 0, 2, 2) else "b" if within(i, j, 1, 1, 2, 2) else "cell"

    picture.text(left, top - 12, "image", "soft")
    picture.cells(left, top, image, size, name="image", kind=pixel)
    picture.window(left, top, 2 * size, 2 * size)
    picture.window(left + size, top + size, 2 * size, 2 * size, "b")
    picture.text(right, top - 32, "columns", "soft")
    picture.text(right - 10, top - 12, "i,j", "end soft")
    for place in range(4):
        picture.text(right + (place + 0.5) * size, top - 12, f"{place // 2},{place % 2}", "mid soft")
    picture.cells(right, top, columns, size, name="columns", kind=lambda i, j: kinds.get(j, "cell"))
    for place, kind in kinds.items():
        picture.window(right + place * size, top, size, 4 * size, kind)
    picture.ring(left + 1.5 * size, top + 1.5 * size)
    for row, place in zip(*np.nonzero(columns == image[1, 1])):
        picture.ring(right + (place + 0.5) * size, top + (row + 0.5) * size)
    for row in range(4):
        picture.text(right - 10, top + (row + 0.5) * size + 4.5, f"p={row // 2} q={row % 2}", "end soft")
    below = top + 4 * size + 44
    picture.text(left, below - 12, "filter, laid flat", "soft")
    picture.cells(left, below, kernel.reshape(1, -1), size, name="filter", kind=lambda i, j: "grey")
    picture.arrow(left + 4 * size + 14, below + size / 2, right - 14, below + size / 2)
    picture.text((left + 4 * size + right) / 2, below + size / 2 - 8, "· columns", "mid soft")
    picture.text(right, below - 12, "output", "soft")
    picture.cells(right, below, output, size, name="output", kind=lambda i, j: kinds.get(j, "cell"))
    return picture


def shared_batch() -> Picture:
    images = np.arange(1, 37).reshape(4, 1, 3, 3) % 10
    x, kernel = images.astype(np.float64), np.array([[1.0, 0], [0, 2]])[None, None]
    win = placer.of_filters(x, kernel, None, 1, 0, 1, 1)
    shares = [(0, 2), (2, 4)]
    columns = [next(iter(image_columns(x, win, 1, *share)))[1][0] for share in shares]
    outputs = F.conv2d(x, kernel).data
    positions, places = columns[0].shape
    picture = Picture(
        "One image at a time, on two cores",
        f"A batch of {WORDS[len(images)]} small images is shared by {WORDS[len(shares)]} cores. Each core lays the "
        "columns of its first image out in a buffer of its own, and multiplies the flat filter by them. The columns of "
        "its next image go to the same buffer, so the columns of all images are never in memory at once.",
    )
    size, large, top = 22, 24, 58
    lefts = [16, 94, 196, 274]

    def table(x, y, values, cell, name, colour):
        picture.cells(x, y, values, cell, name=name, kind=lambda i, j: colour)

    for core, ((start, stop), colour) in enumerate(zip(shares, "ab")):
        left, first = lefts[start], f"image {start}"
        picture.text(left, 20, f"core {core}", "bold")
        for n in range(start, stop):
            picture.text(lefts[n], top - 10, f"image {n}", "soft")
            table(lefts[n], top, images[n, 0], size, f"image {n}", colour if n == start else "cell")
        buffer = top + 3 * size + 56
        picture.arrow(left + 1.5 * size, top + 3 * size + 6, left + 1.5 * size, buffer - 24)
        picture.text(left, buffer - 8, f"columns of {first}", "soft")
        table(left, buffer, columns[core], large, f"columns of {first}", colour)
        after = buffer + positions * large + 20
        picture.text(left, after, f"then of image {start + 1}", "soft")
        product = after + 40
        picture.text(left, product - 8, f"filter · columns = y[{start}]", "soft")
        table(left, product, outputs[start].reshape(1, -1), large, f"output of {first}", colour)
    buffers, everything = len(shares) * positions * places, len(images) * positions * places
    below = product + large + 28
    picture.text(16, below, f"filter, laid flat: {' '.join(f'{weight:.0f}' for weight in kernel.ravel())}", "soft")
    picture.text(16, below + 24, f"{buffers} numbers in buffers, not {everything} in all columns")
    return picture


def pooling() -> Picture:
    patch, k = np.array([[1, 3, 2, 0], [4, 2, 6, 2], [1, 5, 9, 1], [2, 0, 4, 6]]), 2
    results, gradients = {}, {}
    for name, pool in (("max", F.max_pool2d), ("mean", F.avg_pool2d)):
        x = image_of(patch, requires_grad=True)
        y = pool(x, k)
        y.sum().backward()
        results[name], gradients[name] = y.data[0, 0], x.grad.data[0, 0]
    picture = Picture(
        "Pooling",
        f"An image in {WORDS[results['max'].size]} windows. Max pooling keeps the largest number of each, average "
        "pooling the mean. On the way back a maximum gives its whole gradient to the one pixel that was largest; a "
        "mean shares it equally.",
    )
    size, left, top = 32, 16, 36
    picture.text(left, top - 12, "image", "soft")

    def window(i, j):
        return "grey" if (i // k + j // k) % 2 else "cell"

    def largest(i, j):
        return "a" if gradients["max"][i, j] else window(i, j)

    picture.cells(left, top, patch, size, name="image", kind=largest)
    picture.arrow(left + 4 * size + 10, top + 2 * size, 180, top + 2 * size)
    for name, x in (("max", 190), ("mean", 280)):
        picture.text(x, top + size - 12, name, "bold")
        picture.cells(
            x, top + size, results[name], size, name=name, kind=(lambda i, j: "a") if name == "max" else window
        )
    below, small = top + 4 * size + 56, 36
    picture.text(left, below - 30, "backward, a gradient of 1 for each output:", "soft")
    for name, x in (("max", left), ("mean", WIDTH - 16 - 4 * small)):
        picture.text(x, below - 10, name, "bold")
        picture.cells(
            x,
            below,
            gradients[name],
            small,
            name=f"gradient of {name}",
            kind=largest if name == "max" else window,
        )
    return picture
