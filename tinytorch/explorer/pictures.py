"""A picture from a file, made to fit a network: read, squared, resized, its channels as many as the network wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PLAIN = (".npy", ".ppm", ".pgm")
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of red, green, blue: ITU-R BT.601


def read(path: Path) -> np.ndarray:
    """The picture in a file as float32 (channels, height, width), values 0 to 1; 1, 3 or 4 channels.

    .npy, .ppm and .pgm need NumPy alone, anything else pillow. Raises ValueError for a file that holds no picture,
    OSError for one that cannot be read, ImportError where pillow is missing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--image: there is no file {path}")
    if path.suffix.lower() == ".npy":
        return _from_array(path)
    if path.suffix.lower() in PLAIN:
        return _from_netpbm(path)
    return _from_pillow(path)


def _from_array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"--image: {path} holds no array: {error}") from None
    shape = array.shape
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and array.shape[0] not in (1, 3, 4) and array.shape[2] in (1, 3, 4):
        array = array.transpose(2, 0, 1)
    if array.ndim != 3 or array.shape[0] not in (1, 3, 4) or 0 in array.shape:
        raise ValueError(
            f"--image: {path} has shape {shape}; expected (height, width), (height, width, channels) or "
            "(channels, height, width), with 1, 3 or 4 channels"
        )
    if array.dtype == np.uint8:
        return np.divide(array, 255, dtype=np.float32)
    if array.dtype.kind != "f":
        raise ValueError(f"--image: {path} holds {array.dtype}; expected uint8 from 0 to 255, or floats from 0 to 1")
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"--image: {path} holds floats from {array.min():g} to {array.max():g}; expected 0 to 1: "
            "divide by the largest value there can be"
        )
    return array.astype(np.float32)


def _from_netpbm(path: Path) -> np.ndarray:
    """P5 (grey) and P6 (colour), one byte a value: the header is four words, # begins a comment."""
    content = path.read_bytes()
    words: list[bytes] = []
    at = 0
    while len(words) < 4 and at < len(content):
        end = at
        while end < len(content) and not content[end : end + 1].isspace():
            end += 1
        if content[at : at + 1] == b"#":
            end = content.find(b"\n", at) if b"\n" in content[at:] else len(content)
        elif end > at:
            words.append(content[at:end])
        at = end + 1
    channels = {b"P5": 1, b"P6": 3}.get(words[0] if words else b"")
    if channels is None or len(words) < 4 or not all(word.isdigit() for word in words[1:]):
        raise ValueError(f"--image: {path} is no binary PPM or PGM file; expected one that begins with P6 or P5")
    width, height, white = map(int, words[1:])
    if not (width and height and 0 < white < 256):
        raise ValueError(f"--image: {path} is {width} × {height} with white {white}; expected sizes and 1 to 255")
    if len(content) - at < width * height * channels:
        raise ValueError(
            f"--image: {path} is truncated: {width} × {height} × {channels} values need "
            f"{width * height * channels:,} bytes, got {max(0, len(content) - at):,}"
        )
    pixels = np.frombuffer(content, np.uint8, width * height * channels, at)
    return np.divide(pixels.reshape(height, width, channels).transpose(2, 0, 1), white, dtype=np.float32)


def _from_pillow(path: Path) -> np.ndarray:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ImportError(
            f"--image: to read {path.suffix or 'this file'} needs pillow, which the extra viz brings: "
            "pip install -e '.[viz]'; .npy, .ppm and .pgm files need nothing"
        ) from None
    try:
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file)
            deep, floats = picture.mode[0] in "IF", picture.mode == "F"
            mode = "RGBA" if picture.has_transparency_data else "L" if picture.mode in ("1", "L") else "RGB"
            values = np.asarray(picture if deep else picture.convert(mode), np.float32)
    except UnidentifiedImageError:
        raise ValueError(f"--image: {path} is no picture that pillow knows; try a .png or .jpg file") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"--image: {path} cannot be read as a picture: {error}") from None
    if deep:  # 16 bits a pixel, or floats, of which nobody says how large white is
        return (values / np.float32((values.max() or 1) if floats else 65535))[None]
    return (values[..., None] if values.ndim == 2 else values).transpose(2, 0, 1) / np.float32(255)


def fit(picture: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, list[str]]:
    """`picture` as a network of this input shape (channels, height, width) wants it, and what had to be changed."""
    changed = []
    channels, height, width = shape
    if picture.shape[0] == 4:
        picture = picture[:3]
        changed.append("its transparency is dropped")
    if picture.shape[0] == 1 and channels == 3:
        picture = np.repeat(picture, 3, axis=0)
        changed.append("it is grey and the network wants colour: its one channel is taken three times")
    if picture.shape[0] == 3 and channels == 1:
        picture = np.tensordot(GREY, picture, 1)[None]
        changed.append("it is coloured and the network wants grey: 0.299 red + 0.587 green + 0.114 blue")
    if picture.shape[0] != channels:
        raise ValueError(f"--image: the network wants {channels} channels; a picture has 1 or 3")
    rows, columns = picture.shape[1:]
    if rows * width != columns * height:
        scale = min(rows / height, columns / width)
        keep_rows, keep_columns = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (rows - keep_rows) // 2, (columns - keep_columns) // 2
        picture = picture[:, top : top + keep_rows, left : left + keep_columns]
        changed.append(f"of its {rows} × {columns} pixels the middle {keep_rows} × {keep_columns} are taken")
    if picture.shape[1:] != (height, width):
        changed.append(f"{picture.shape[1]} × {picture.shape[2]} pixels are resized to {height} × {width}")
        picture = _means(picture.shape[1], height) @ picture @ _means(picture.shape[2], width).T
    return np.clip(picture, 0, 1).astype(np.float32), changed


def _means(size: int, parts: int) -> np.ndarray:
    """The matrix (parts × size) that takes the mean of `size` pixels over `parts` equal intervals."""
    edges = np.arange(parts + 1) * size / parts
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(overlap, 0) * parts / size).astype(np.float32)
