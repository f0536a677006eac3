"""Where the numbers of module 08 come from. See tests/chapters/prose.py."""

import math

import numpy as np

import tinytorch as tt
from tinytorch.data import DataLoader, RandomCrop, TensorDataset, random_split
from tinytorch.data.cifar import PICTURES_PER_FILE, TRAIN

# the pictures of a small data set, of a shuffle and of a split: examples of what may come
few = list(range(9))
order = [7, 2, 9, 4, 0, 5, 1, 8]
assert len(set(order)) == len(order)
images, labels = tt.zeros(6, 3, 32, 32), tt.tensor([3, 0, 7, 7, 1, 9])
dataset = TensorDataset(images, labels)
place = 2
assert dataset[place][1].item() == labels.data[place]
wanted = [5, 0, 2]
assert (dataset[np.array(wanted)][1].data == labels.data[wanted]).all()

n = 10
numbers = list(range(n))
shuffled = [4, 9, 0, 7, 2, 8, 1, 6, 3, 5]
assert sorted(shuffled) == numbers
sizes = [5, 2, 3]
assert [len(part) for part in random_split(TensorDataset(tt.zeros(n)), sizes)] == sizes

some = [3, 0, 7]
epoch = 3

train = len(TRAIN) * PICTURES_PER_FILE
batch = 64
loader = DataLoader(TensorDataset(tt.zeros(train)), batch_size=batch)
full, last = divmod(train, batch)
assert len(loader) == full + 1 == math.ceil(train / batch)

side, padding = 32, 2
height = images.shape[2]
padded = side + 2 * padding
places = padded - side + 1
crop = RandomCrop(side, padding=padding)
assert crop(images).shape == images.shape
windows = np.lib.stride_tricks.sliding_window_view(np.zeros((1, 3, padded, padded)), (side, side), (2, 3))
assert windows.shape[2:] == (places, places, side, side)
a, s, t = labels.data, numbers, shuffled

SENTENCES = {
    "modules/08_dataloader/ABOUT.md": [
        "**Time** {front['time_estimate']}\n",
        "{in_words(exercises).capitalize()} exercises, in the order",
    ],
    "modules/08_dataloader/dataloader_dev.py": [
        "│ {few[0]} {few[1]} {few[2]} … │ ──────► │ {order[0]} {order[1]} {order[2]} │ {order[3]} {order[4]} {order[5]} │ "
        "{order[6]} {order[7]}   │ ─────► for",
        "picks {batch} images in one NumPy call; a\nPython loop over {batch} images pays for {batch}.",
        "images   N × {images.shape[1]} × {images.shape[2]} × {images.shape[3]}    ▓",
        "labels   N                  {a[0]} {a[1]} {a[2]} {a[3]} {a[4]} {a[5]}\n",
        "dataset[{place}] is (images[{place}], labels[{place}])",
        "the rows {wanted[0]}, {wanted[1]} and {wanted[2]}, and",
        "{s[0]} {s[1]} {s[2]} {s[3]} {s[4]} {s[5]} {s[6]} {s[7]} {s[8]} {s[9]}  ──shuffle──►  {t[0]} {t[1]} {t[2]} {t[3]} "
        "{t[4]} │ {t[5]} {t[6]} │ {t[7]} {t[8]} {t[9]}\n random_split(dataset, {sizes})",
        "[(image, {some[0]}), (image, {some[1]}), (image, {some[2]})]   ──►   (images {len(some)} × C × H × W,  labels {some})",
        "epoch {epoch} has the same order on every run",
        "interrupted after epoch {epoch} can go on",
        "How many batches are {train:,} images at {batch}? {train:,} / {batch} = {train / batch}, so {full} full ones and "
        "a last one of {last}.",
        "`RandomCrop({side}, padding={padding})` puts a border of {padding} zeros around each {side} × {side} image and takes "
        "a {side} × {side} window out of the\n{padded} × {padded}, at one of {places} × {places} places.",
        "padded   N × C × {padded} × {padded}\n",
        "windows  N × C × {places} × {places} × {side} × {side}     the same",
        "result   N × C × {side} × {side}             of image i",
    ],
}
