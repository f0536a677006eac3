"""Where a window stands on an image: the first pictures of module 09."""

import numpy as np

import tinytorch as tt
from pictures.images import image_of, seen_by, within
from pictures.svg import WORDS, Picture
from tinytorch.nn import functional as F


def square(side: int) -> str:
    return f"{WORDS[side]} by {WORDS[side]}"


def windows() -> Picture:
    image, kernel = np.arange(12).reshape(3, 4), np.array([[1, 2], [3, 4]])
    output = F.conv2d(image_of(image), image_of(kernel)).data[0, 0]
    (rows, columns), size = output.shape, 30
    picture = Picture(
        "A window on an image",
        f"A window of {WORDS[kernel.size]} pixels stands at {WORDS[output.size]} places of a small image. At each, "
        "its pixels are multiplied by the same weights and summed. The first and the last place are marked, with "
        "their sums.",
    )
    left, middle, right, top = 16, 172, 254, 34
    for x, y, words in ((left, top, "image"), (middle, top + size / 2, "kernel"), (right, top + size / 2, "output")):
        picture.text(x, y - 10, words, "soft")

    places = {(0, 0): "a", (rows - 1, columns - 1): "b"}

    def pixel(i, j):
        return next((kind for (p, q), kind in places.items() if within(i, j, p, q, 2, 2)), "cell")

    picture.cells(left, top, image, size, name="image", kind=pixel)
    picture.cells(middle, top + size / 2, kernel, size, name="kernel", kind=lambda i, j: "grey")
    picture.cells(right, top + size / 2, output, size, name="output", kind=lambda i, j: places.get((i, j), "cell"))
    picture.text((left + 4 * size + middle) / 2, top + 1.5 * size + 5, "·", "mid bold")
    picture.text((middle + 2 * size + right) / 2, top + 1.5 * size + 5, "=", "mid bold")
    y = top + 3 * size + 32
    for (i, j), kind in places.items():
        picture.window(left + j * size, top + i * size, 2 * size, 2 * size, kind)
        picture.window(right + j * size, top + (i + 0.5) * size, size, size, kind)
        seen = image[i : i + 2, j : j + 2]
        products = " + ".join(f"{pixel}·{weight}" for pixel, weight in zip(seen.flat, kernel.flat))
        with picture.shows(f"sum {i} {j}"):
            picture.text(left, y, f"{products} = {output[i, j]:g}", f"{kind} bold")
        y += 22
    return picture


def padding() -> Picture:
    side, k = 4, 3
    ones = image_of(np.ones((side, side)))
    outputs = [F.conv2d(ones, image_of(np.ones((k, k))), padding=border).data[0, 0].astype(int) for border in (0, 1)]
    bare, bordered = outputs
    picture = Picture(
        "Padding",
        f"A window of ones, {square(k)}, on an image of ones, {square(side)}. Without padding it has "
        f"{square(len(bare))} places and covers {WORDS[bare[0, 0]]} pixels at each. With a border of zeros it has "
        f"{square(len(bordered))}, as many as the image has pixels, and covers {WORDS[bordered[0, 0]]} of them in a "
        f"corner, {WORDS[bordered[0, 1]]} at an edge.",
    )
    size, left, y = 26, 16, 34
    for border, output in enumerate(outputs):
        padded = np.pad(ones.data[0, 0], border)
        picture.text(left, y - 12, f"padding {border}", "bold")

        def pixel(i, j, border=border):
            if not within(i, j, border, border, side, side):
                return "grey"
            return "a" if within(i, j, 0, 0, k, k) else "cell"

        picture.cells(left, y, padded, size, name=f"image {border}", kind=pixel)
        picture.window(left, y, k * size, k * size)
        right, middle = 232, y + len(padded) * size / 2
        top = middle - len(output) * size / 2
        picture.arrow(left + len(padded) * size + 12, middle, right - 12, middle)
        picture.cells(right, top, output, size, name=f"output {border}", kind=lambda i, j: "cell" if i or j else "a")
        picture.window(right, top, size, size)
        picture.text(right, top - 12, f"{len(output)} × {len(output)} places", "soft")
        y += len(padded) * size + 50
    return picture


def stride() -> Picture:
    pixels, k = 7, 3
    row, steps = np.arange(pixels)[None], (1, 2, 3)
    seen = [F.im2col(image_of(row), kernel_size=(1, k), stride=(1, step)).data[0].T for step in steps]
    counts = [WORDS[len(places)] for places in seen]
    last = "is in no window" if pixels - 1 not in seen[2] else "is in the last window"
    picture = Picture(
        "Stride",
        f"A window of {WORDS[k]} pixels on a row of {WORDS[pixels]}. With stride one it stands at {counts[0]} places, "
        f"with stride two at {counts[1]}, with stride three at {counts[2]}: then the last pixel {last}.",
    )
    wide, high, left, y = 36, 28, 16, 24
    for step, places in zip(steps, seen):
        picture.text(left, y, f"stride {step}", "bold")
        picture.text(left + pixels * wide, y, f"{len(places)} places", "soft end")
        picture.cells(
            left,
            y + 9,
            row,
            high,
            wide=wide,
            name=f"row {step}",
            kind=lambda i, j, places=places: "cell" if j in places else "grey",
        )
        bar = y + high + 14
        with picture.shows(f"places {step}", places.shape):
            for place, inside in enumerate(places):
                start, stop = left + inside[0] * wide, left + (inside[-1] + 1) * wide
                picture.box(start + 2, bar, stop - start - 4, 17, "ab"[place % 2], 4)
                picture.text((start + stop) / 2, bar + 13, " ".join(f"{pixel:g}" for pixel in inside), "mid")
                bar += 20
        if pixels - 1 not in places:
            picture.text(left + pixels * wide + 10, y + 9 + high / 2 + 4.5, "left over", "soft")
        y = bar + 22
    return picture


def dilation() -> Picture:
    side, k = 7, 3
    weights = tt.ones(1, 1, k, k)
    points = []
    for d in (1, 2, 3):
        places = F.conv2d(tt.zeros(1, 1, side, side), weights, dilation=d).shape[2]
        points.append(seen_by(lambda image, d=d: F.conv2d(image, weights, dilation=d), (side, side), [places // 2] * 2))
    down = [np.flatnonzero(seen.any(axis=1)) for seen in points]  # the same as across
    reaches = [int(rows[-1] - rows[0] + 1) for rows in down]
    covered = [square(reach) for reach in reaches]
    gaps = [WORDS[rows[1] - rows[0] - 1] for rows in down]
    picture = Picture(
        "Dilation",
        f"The {WORDS[points[0].sum()]} positions of a kernel are side by side with dilation one, have {gaps[1]} pixel "
        f"between them with two, and {gaps[2]} with three: the same {WORDS[points[2].sum()]} weights cover "
        f"{covered[0]}, {covered[1]} and {covered[2]} pixels.",
    )
    size, left, top = 15, 12, 32
    for d, seen, rows, reach in zip((1, 2, 3), points, down, reaches):
        x, first = left + (d - 1) * (side * size + 10.5), rows[0] * size
        picture.text(x, top - 12, f"dilation {d}", "bold")
        nothing = np.full(seen.shape, np.nan)
        picture.cells(
            x, top, nothing, size, name=f"points {d}", kind=lambda i, j, seen=seen: "full" if seen[i, j] else "cell"
        )
        picture.window(x + first, top + first, reach * size, reach * size)
        with picture.shows(f"covers {d}"):
            picture.text(x, top + side * size + 22, f"covers {reach} × {reach}", "soft")
    return picture
