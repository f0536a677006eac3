"""Receptive field: how many 3 × 3 layers until one output sees all of a 32 × 32 picture, against one large kernel.

Each 3 × 3 layer adds a ring of one pixel: r = 1 + Σ (k - 1) = 1 + 2 · layers, at stride 1. Measured, not believed: the
pixels seen are those that a gradient comes back to from the output in the middle.
"""

from tools import by, multiply_adds, parameters, table

from tinytorch import nn, receptive_field

SIDE = 32
CHANNELS = 16


def stack(layers, kernel, channels=CHANNELS):
    """So many convolutions that keep the picture's size, each with a ReLU."""

    def one():
        return nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False), nn.ReLU()

    return nn.Sequential(*(part for _ in range(layers) for part in one()))


def middle(model, side):
    """What the output in the middle sees of a picture."""
    return receptive_field(model, (1, CHANNELS, side, side))


def until_all_is_seen(side=SIDE):
    """Of 1, 2, … 3 × 3 layers what is seen, up to the first number with which that is every pixel."""
    rows = []
    while not rows or rows[-1]["pixels"] < side * side:
        found = middle(stack(len(rows) + 1, 3), side)
        rows.append({"layers": len(rows) + 1, "size": found.size[0], "pixels": int(found.support.sum())})
    return rows


def measure(side=SIDE):
    rows = until_all_is_seen(side)
    layers, kernel = rows[-1]["layers"], rows[-1]["size"]  # a kernel of this size sees as much in one step
    networks = {}
    for name, model in (
        (f"{layers} layers {kernel_text(3)}", stack(layers, 3)),
        (f"one layer {kernel_text(kernel)}", stack(1, kernel)),
    ):
        found = middle(model, side)
        networks[name] = {
            "receptive field": found.size[0],
            "parameters": parameters(model),
            "multiply-adds": multiply_adds(model, CHANNELS, side, side),
            "nonlinearities": sum(isinstance(layer, nn.ReLU) for layer in model),
            "effective": found.effective(),
        }
    return {"side": side, "rows": rows, "networks": networks}


def kernel_text(size):
    return by((size, size))


def show(found):
    pixels = found["side"] ** 2
    table(
        ["3 × 3 layers", "receptive field", "pixels seen", f"of {pixels:,}"],
        [[row["layers"], row["size"], row["pixels"], f"{row['pixels'] / pixels:.1%}"] for row in found["rows"]],
    )
    layers, side = found["rows"][-1]["layers"], by((found["side"], found["side"]))
    print(f"\nThe first that sees all of {side}: {layers} layers. With {CHANNELS} channels, on one picture:\n")
    names = ["receptive field", "parameters", "multiply-adds", "nonlinearities"]
    table(["network", *names], [[name, *(row[n] for n in names)] for name, row in found["networks"].items()])


def draw(found):
    from tinytorch.viz.style import AMOUNT, BLUE, GREY, paper, plain

    figure = paper(12, 3.9)
    axes = plain(figure.add_subplot(1, 3, 1))
    pixels = found["side"] ** 2
    axes.plot([r["layers"] for r in found["rows"]], [r["pixels"] for r in found["rows"]], marker="o", color=BLUE)
    axes.axhline(pixels, color=GREY, linestyle=":")
    axes.text(1, pixels * 0.97, f"all {pixels:,} pixels", va="top", color=GREY)
    axes.set_xticks(range(1, len(found["rows"]) + 1, 3))
    axes.set(xlabel="3 × 3 layers", ylabel="pixels", title="Pixels that the middle output sees")
    maps = []
    for place, (name, row) in enumerate(found["networks"].items(), start=2):
        maps.append(figure.add_subplot(1, 3, place))
        shown = maps[-1].imshow(row["effective"], cmap=AMOUNT, vmin=0, vmax=1)
        maps[-1].set(xticks=[], yticks=[])
        maps[-1].set_title(f"{name}: how much each pixel matters", fontsize=10)
        maps[-1].set_xlabel(f"{row['parameters']:,} parameters, {row['nonlinearities']} ReLU")
    figure.colorbar(shown, ax=maps, label="gradient, the largest is 1", shrink=0.8)
    return figure
