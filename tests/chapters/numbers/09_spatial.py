"""Where the numbers of module 09 come from. See tests/chapters/prose.py."""

import re
from pathlib import Path

import tinytorch as tt
from tinytorch import nn
from tinytorch.data import Digits
from tinytorch.nn import functional as F
from tinytorch.nn.functional import col2im, conv_output_size, im2col
from tito.chapters import parts

versions = len([F.conv2d_loops, F.conv2d_windows, F.conv2d_im2col, F.conv2d])

# a window of 3 on a row of 7 pixels, then of 8
size, k, stride, border, dilation = 7, 3, 2, 0, 1
places = conv_output_size(size, k, stride, border)
more = size + 1
assert conv_output_size(more, k, stride, border) == places
first, last = 0, 2  # of the channels of an RGB image, and of the rows and columns of the kernel

# how many windows a pixel in the middle stands in, and how many gradients it gets
columns = im2col(tt.ones(1, 1, 9, 9), kernel_size=k)
windows = int(col2im(columns, output_size=(9, 9), kernel_size=k).data[0, 0, 4, 4])

batch, channels, half = 64, 32, 16
megabytes = im2col(tt.zeros(batch, channels, half, half), kernel_size=k, padding=1).data.nbytes / 1e6

pool = 2

model = nn.SimpleCNN()
image = tt.zeros(1, 3, 32, 32)
a = image.shape[1:]
after1 = model.conv1(image).shape[1:]
pooled1 = F.max_pool2d(model.conv1(image), kernel_size=pool)
b = pooled1.shape[1:]
after2 = model.conv2(pooled1).shape[1:]
c = F.max_pool2d(model.conv2(pooled1), kernel_size=pool).shape[1:]
flat, classes = model.fc.weight.shape[1], model.fc.weight.shape[0]
assert flat == c[0] * c[1] * c[2]
conv1, conv2, fc = (sum(p.numel() for p in layer.parameters()) for layer in (model.conv1, model.conv2, model.fc))
total = sum(p.numel() for p in model.parameters())

# VGG with sixteen layers: its convolutions keep the image's size, five pools halve it, three dense layers follow
plan = [3, 64, 64, 128, 128, *[256] * 3, *[512] * 6]
in_convolutions = sum(o * (c * k * k + 1) for c, o in zip(plan, plan[1:]))
in_dense = sum(o * (c + 1) for c, o in zip([512 * 7 * 7, 4096, 4096], [4096, 4096, 1000]))

# a supposition, of which the page's code computes the rest
wide, high, rate = 1280, 960, 36

side, width = a[1], model.conv1.weight.shape[0]
thick, stacked = 64, 3  # layers of 3 x 3 that cover what one of 7 x 7 covers
covered = 1 + stacked * (k - 1)
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
        "You write the convolution {about('four times', versions)}: as loops",
        "{about('Nine tenths', in_dense / (in_dense + in_convolutions))} of VGG's parameters are in its dense layers.",
        "of them with {wide} × {high} pixels, {rate} times a second",
        "padding=1)` does to a {side} × {side}\nimage?",
        "A dense layer to {width} numbers only does much",
        "How many layers of {k} × {k} cover a {side} × {side} image?",
        "And for the {covered} × {covered} pixels that three of them cover, at {thick} channels:",
        "The stack also has {about('three times', stacked)} the nonlinearities.",
        "**On the {digit} × {digit} digits, a dense",
    ],
    "modules/09_spatial/spatial_dev.py": [
        "size {size}, kernel {k}, stride {stride}, padding {border}       out = ",
        "= ⌊({size} + {2 * border} − {dilation * (k - 1)} − 1) / {stride}⌋ + 1 = {places}\n",
        "{more} pixels would give {places} as well",
        "c={first} p={first} q={first} [ x x x x … ]                                   [ y y y y … ] o={first}\n",
        "c={last} p={last} q={last} [ x x x x … ]",
        "A pixel that stands in {windows} windows gets the sum of {windows} gradients",
        "For {batch} pictures and a {k}×{k} layer of {channels} channels at {half}×{half} the columns are "
        "{megabytes:.1f} MB:",
        "core              {first}               │            {first + 1}                   y =",
        "`SimpleCNN` has {total:,} parameters, {about('two thirds', fc / total)} of them in `fc`.",
        "{a[0]}×{a[1]}×{a[2]} ─conv {k}×{k}─► {after1[0]}×{after1[1]}×{after1[2]} ─ReLU, pool─► {b[0]}×{b[1]}×{b[2]} "
        "─conv {k}×{k}─► {after2[0]}×{after2[1]}×{after2[2]} ─ReLU, pool─► {c[0]}×{c[1]}×{c[2]} ─flatten─► {flat} ─► {classes}\n"
        "{conv1} {conv2:,} {fc:,}\n",
    ],
}
