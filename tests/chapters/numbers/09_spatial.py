"""Where the numbers of module 09 come from. See tests/chapters/prose.py."""

import re
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn
from tinytorch.data import Digits
from tinytorch.nn import functional as F
from tinytorch.nn.functional import conv_output_size, im2col
from tito.chapters import parts

rungs = len([F.conv2d_loops, F.conv2d_windows, F.conv2d_im2col, F.conv2d])

# a window of 3 on a row of 7 pixels, then of 8
size, k, stride, border, dilation = 7, 3, 2, 0, 1
places = conv_output_size(size, k, stride, border)
more = size + 1
assert conv_output_size(more, k, stride, border) == places

side, same = 32, 1
kept = conv_output_size(side, k, 1, same)
frame = 2 * same

# multiply-adds: N·O·H·W·C·K²
batch, filters, colours = 32, 32, 3


def multiply_adds(layer, height, width):
    """For one image with this output."""
    return layer.weight.size * height * width


conv = nn.Conv2d(colours, filters, k, padding=same)
work = batch * multiply_adds(conv, side, side)

# columns: (batch, rows, places)
one = 1
pixels = im2col(tt.ones(one, one, side, side), kernel_size=k, padding=same).data
copies = round(float(pixels.sum()) / side**2)
axes = np.lib.stride_tricks.sliding_window_view(np.zeros((1, 1, 8, 8)), (k, k), (2, 3)).ndim
low, high = 0, 2
many, channels, half = 64, 32, 16
columns = im2col(tt.zeros(many, channels, half, half), kernel_size=k, padding=same).data.nbytes / 1e6

quarters, layers = 2, 10
kernel = np.arange(9).reshape(3, 3)
assert (np.rot90(kernel, quarters) == kernel[::-1, ::-1]).all()
turned = 90 * quarters
shrink = 2**layers

picture = tt.tensor([[[[1.0, 3, 2, 0], [4, 2, 6, 2], [1, 5, 9, 1], [2, 0, 4, 6]]]])
p = picture.data[0, 0].astype(int)
window = 2
largest, mean = (pool(picture, kernel_size=window).data[0, 0] for pool in (F.max_pool2d, F.avg_pool2d))
left = largest.size / p.size

model = nn.SimpleCNN()


image = tt.zeros(1, 3, 32, 32)
a = image.shape[1:]
after1 = model.conv1(image).shape[1:]
pooled1 = F.max_pool2d(model.conv1(image), kernel_size=window)
b = pooled1.shape[1:]
after2 = model.conv2(pooled1).shape[1:]
c = F.max_pool2d(model.conv2(pooled1), kernel_size=window).shape[1:]
flat, classes = model.fc.weight.shape[1], model.fc.weight.shape[0]
assert flat == c[0] * c[1] * c[2]
conv1, conv2, fc = (sum(p.size for p in layer.parameters()) for layer in (model.conv1, model.conv2, model.fc))
total = sum(p.size for p in model.parameters())
work1, work2 = multiply_adds(model.conv1, *after1[1:]), multiply_adds(model.conv2, *after2[1:])
work3 = model.fc.weight.size
hundredth = 0.01

# VGG with sixteen layers: its convolutions keep the picture's size, five pools halve it, three dense layers follow
plan = [3, 64, 64, 128, 128, *[256] * 3, *[512] * 6]
in_convolutions = sum(o * (c * k * k + 1) for c, o in zip(plan, plan[1:]))
in_dense = sum(o * (c + 1) for c, o in zip([512 * 7 * 7, 4096, 4096], [4096, 4096, 1000]))

# a supposition, of which the page's code computes the rest
cameras, wide, high_, rate = 8, 1280, 960, 36

width = conv.weight.shape[0]
thick, stacked = 64, 3  # layers of 3 x 3 that see what one of 7 x 7 sees
seen = one + stacked * (k - 1)
digit = Digits()[0][0].shape[-1]

# how long the page takes to read: its words, to the hundred, and its lines of code, to the ten
page = Path(__file__).resolve().parents[3] / "modules" / "09_spatial" / "ABOUT.md"
pieces = list(parts(page.read_text(encoding="utf-8").split("---\n", 2)[2]))
words = round(sum(len(re.findall(r"\w[\w'’-]*", piece.text)) for piece in pieces if not piece.language), -2)
lines = round(sum(bool(line.strip()) for piece in pieces if piece.language for line in piece.text.splitlines()), -1)
pace, seconds_each = 200, 4
minutes = round(words / pace + lines * seconds_each / 60)
assert minutes <= 25

SENTENCES = {
    "modules/09_spatial/ABOUT.md": [
        "{in_words(exercises).capitalize()} exercises, in the order",
        "the {in_words(len(front['prerequisites']))} modules before this one",
        "**Time** {front['time_estimate']}\n",
        "takes about {minutes} minutes to read: {words:,} words at {pace} a minute, and {lines} lines of code at "
        "{in_words(seconds_each)} seconds each.",
        "You write it {about('four times', rungs)}, each faster",
        "{about('Nine tenths', in_dense / (in_dense + in_convolutions))} of VGG stand in its dense layers.",
        "of them with {wide} × {high_} pixels, {rate} times a second",
        "padding=1)` does to a {side} × {side}\npicture?",
        "one to {width} numbers only is not the same thing",
        "How many layers of {k} × {k} see all of a {side} × {side} picture?",
        "And for the {seen} × {seen} pixels that three of them see, at {thick} channels:",
        "{about('Three times', stacked)} the nonlinearities come with it.",
        "**On the {digit} × {digit} digits, a dense",
    ],
    "modules/09_spatial/spatial_dev.py": [
        "You will write it {about('four times', rungs)}, each faster",
        "size {size}, kernel {k}, stride {stride}, padding {border}              out = ",
        "= ⌊({size} + {2 * border} − {dilation * (k - 1)} − 1) / {stride}⌋ + 1 = {places}\n",
        "{more} pixels would give {places} as well",
        "With a {k}×{k} kernel and padding {same} at stride 1 the picture keeps its size: {side} + {frame} − {k - 1} − 1 + 1 = {kept}.",
        "A batch of {batch} pictures of {side}×{side} through {filters} filters of\n"
        "{k}×{k}×{colours} makes {work:,} of them.",
        "c={low} p={low} q={low} [ x x x x … ]\n",
        "c={low} p={low} q={one} [ x x x x … ]          filters · columns  =  [ y y y y … ]  o={low}\n",
        "c={colours - 1} p={k - 1} q={k - 1} [ x x x x … ]",
        "with a {k}×{k} window nearly every pixel stands in {copies} columns",
        "as a {axes}-axis array",
        "For {many} pictures and a {k}×{k} layer of {channels} channels at {half}×{half}, the columns are {columns:.1f} MB:",
        "each image row, shifted by q = {low}, {one}       the columns",
        "thread            {low}               │            {one}\n",
        "the kernel turned by {turned}° and",
        "shrink the signal by 2{raised(layers)} = {shrink:,}",
        "{p[0][0]} {p[0][1]} │ {p[0][2]} {p[0][3]}          max {window}×{window}:  {largest[0][0]:.0f} {largest[0][1]:.0f}          "
        "mean {window}×{window}:  {mean[0][0]:.1f} {mean[0][1]:.1f}\n"
        "{p[1][0]} {p[1][1]} │ {p[1][2]} {p[1][3]}                    {largest[1][0]:.0f} {largest[1][1]:.0f}                     "
        "{mean[1][0]:.1f} {mean[1][1]:.1f}\n",
        "{p[2][0]} {p[2][1]} │ {p[2][2]} {p[2][3]}          It halves height and width, so {about('a quarter', left)} of",
        "{p[3][0]} {p[3][1]} │ {p[3][2]} {p[3][3]}          and the next",
        "{a[0]}×{a[1]}×{a[2]} ─conv {k}×{k}─► {after1[0]}×{after1[1]}×{after1[2]} ─ReLU, pool─► {b[0]}×{b[1]}×{b[2]} "
        "─conv {k}×{k}─► {after2[0]}×{after2[1]}×{after2[2]} ─ReLU, pool─► {c[0]}×{c[1]}×{c[2]} ─flatten─► {flat} ─► {classes}\n"
        "{conv1} {conv2:,} {fc:,}\n",
        "{total:,} parameters, {about('two thirds', fc / total)} of them in the last",
        "conv1 makes {work1:,} multiply-adds, conv2 {work2:,} and fc {work3:,}. {about('Two thirds', fc / total)} of the",
        "under {'one hundredth' if work3 / (work1 + work2 + work3) < hundredth else ''} of the work",
    ],
}
