"""Windows laid out as columns and as strips, and pooled: pictures of module 09."""

import numpy as np

from pictures.images import image_of, within
from pictures.svg import WIDTH, WORDS, Picture
from tinytorch.core.spatial import place_windows, strips
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


def strips_of_conv2d() -> Picture:
    side, k = 4, 3
    image = np.arange(1, side * side + 1).reshape(side, side)
    x = image[None, None].astype(np.float64)
    win = place_windows(x.shape, k, 1, 0, 1)
    ((_, _, strip),) = strips(x, win, 1, 0, 1, made=0)
    rows = strip[0, 0].transpose(2, 0, 1, 3).reshape(-1, strip.shape[-1])  # image row, channel and shift; place
    columns = F.im2col(image_of(image), kernel_size=k).data[0]
    lines, across = win.out
    points, places = columns.shape
    picture = Picture(
        "Strips in place of columns",
        f"An image and its {WORDS[places]} windows, laid out twice: as columns, in {WORDS[points]} rows of "
        f"{WORDS[places]} numbers; and as strips, each image row shifted across. The columns of a line of windows are "
        f"{WORDS[points]} rows of the strips; those of the next line begin {WORDS[k]} rows further down.",
    )
    size, left, middle, right, top = 24, 16, 150, 248, 54
    kinds = ("a", "b")
    picture.text(left, top - 12, "image", "soft")
    picture.cells(left, top, image, size, name="image")
    picture.text(middle, top - 30, "strips", "soft")
    picture.text(middle, top - 12, f"{rows.size} numbers", "soft")
    picture.cells(middle, top, rows, size, name="strips")
    for row in range(len(rows)):
        picture.text(middle - 8, top + (row + 0.5) * size + 4.5, f"q={row % k}", "end soft")
    picture.text(right, top - 30, "columns", "soft")
    picture.text(right, top - 12, f"{columns.size} numbers", "soft")
    picture.cells(right, top, columns, size, name="columns", kind=lambda i, j: kinds[j // across])
    for line in range(lines):
        begin, x_of_bar = top + line * k * size, middle + (across + 0.25 + line) * size
        picture.box(x_of_bar, begin, 17, points * size, kinds[line], 4)
        picture.text(x_of_bar + 8.5, begin + points * size / 2 + 4.5, f"{line}", "mid")
        picture.text(right + (line + 0.5) * across * size, top + points * size + 18, f"line {line}", "mid soft")
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
