"""Pictures from files: read as they are, made to fit, every change told, and what is no picture refused."""

import sys

import numpy as np
import pytest

from tinytorch.explorer.pictures import fit, read
from tinytorch.testing import generator


def colours(height=5, width=7):
    return generator().integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_ppm_and_pgm_are_read_without_any_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    pixels = colours()
    (tmp_path / "a.ppm").write_bytes(b"P6\n# made by hand\n7 5\n255\n" + pixels.tobytes())
    np.testing.assert_array_equal(read(tmp_path / "a.ppm"), np.float32(pixels.transpose(2, 0, 1)) / np.float32(255))
    grey = np.uint8([[0, 5, 15], [10, 15, 0]])
    (tmp_path / "a.pgm").write_bytes(b"P5 3 2 15\n" + grey.tobytes())
    np.testing.assert_allclose(read(tmp_path / "a.pgm"), grey[None] / 15, rtol=1e-6)


@pytest.mark.parametrize(
    ("axes", "kept"),
    [
        ((5, 7), (1, 5, 7)),
        ((5, 7, 3), (3, 5, 7)),
        ((3, 5, 7), (3, 5, 7)),
        ((5, 7, 4), (4, 5, 7)),
        ((1, 5, 7), (1, 5, 7)),
    ],
)
def test_arrays_may_have_their_channels_first_or_last(tmp_path, axes, kept):
    array = generator().random(axes)
    np.save(tmp_path / "a.npy", array)
    found = read(tmp_path / "a.npy")
    assert found.shape == kept and found.dtype == np.float32
    np.testing.assert_allclose(np.sort(found.ravel()), np.sort(array.ravel()), rtol=1e-6)
    if axes[-1] in (3, 4):
        np.testing.assert_allclose(found[1], array[..., 1], rtol=1e-6)


def test_bytes_become_numbers_from_0_to_1(tmp_path):
    np.save(tmp_path / "a.npy", np.uint8([[0, 51], [102, 255]]))
    np.testing.assert_allclose(read(tmp_path / "a.npy"), [[[0, 0.2], [0.4, 1]]], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ppm", b"P3\n1 1\n255\n1 2 3\n", "is no binary PPM or PGM file; expected one that begins with P6 or P5"),
        ("a.ppm", b"", "is no binary PPM or PGM file"),
        ("a.ppm", b"P6 seven 5 255\n", "is no binary PPM or PGM file"),
        ("a.ppm", b"P6 7 5 65535\n", "is 7 × 5 with white 65535"),
        ("a.ppm", b"P6 0 5 255\n", "is 0 × 5"),
        ("a.ppm", b"P6 7 5 255\n" + bytes(104), r"truncated: 7 × 5 × 3 values need 105 bytes, got 104"),
        ("a.npy", b"not numpy", "holds no array"),
        ("a.npy", b"", "holds no array"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said) as refused:
        read(tmp_path / name)
    assert name in str(refused.value) and "--image" in str(refused.value)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 3, 4, 5)), r"shape \(2, 3, 4, 5\); expected"),
        (np.zeros((2, 7, 7)), r"shape \(2, 7, 7\)"),
        (np.zeros((0, 7, 3)), r"shape \(0, 7, 3\)"),
        (np.zeros((4, 4), int), "holds int64; expected uint8"),
        (np.full((4, 4), 200.0), "floats from 200 to 200; expected 0 to 1: divide"),
        (np.full((4, 4), np.nan), "floats from nan"),
        (np.full((4, 4), -0.1), "floats from -0.1"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(tmp_path, array, said):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "a.npy")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="--image: there is no file .*cat.png"):
        read(tmp_path / "cat.png")


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(ImportError, match=r"--image: to read \.png needs pillow.* extra viz.*\.npy, \.ppm and \.pgm"):
        read(tmp_path / "a.png")


@pytest.mark.extras
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_every_kind_of_png_and_jpg_is_read(tmp_path, mode):
    image = pytest.importorskip("PIL.Image", reason="pictures other than .npy and .ppm need the extra `viz`")
    deep = np.linspace(0, 40000, 35).reshape(5, 7).astype(np.uint16)
    picture = image.fromarray(deep) if mode == "I;16" else image.fromarray(colours()).convert(mode)
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    picture.save(path)
    found = read(path)
    assert found.shape == ({"RGBA": 4, "LA": 4, "L": 1, "1": 1, "I;16": 1}.get(mode, 3), 5, 7)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    if mode in ("RGB", "RGBA"):
        np.testing.assert_allclose(found[:3].transpose(1, 2, 0) * 255, np.asarray(picture.convert("RGB")), atol=1e-3)
    if mode == "I;16":
        np.testing.assert_allclose(found[0], deep / 65535, rtol=1e-5)


@pytest.mark.extras
def test_a_damaged_png_is_refused(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="pictures other than .npy and .ppm need the extra `viz`")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"text\.png is no picture that pillow knows"):
        read(tmp_path / "text.png")
    image.fromarray(colours(50, 50)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"cut\.png cannot be read as a picture"):
        read(tmp_path / "cut.png")


# ---- fitting -------------------------------------------------------------------------------------------


def test_a_picture_that_fits_stays_as_it_is():
    picture = generator().random((3, 8, 8)).astype(np.float32)
    found, changed = fit(picture, (3, 8, 8))
    np.testing.assert_array_equal(found, picture)
    assert changed == []


def test_resizing_takes_means_over_areas():
    picture = generator().random((1, 6, 6)).astype(np.float32)
    found, changed = fit(picture, (1, 3, 3))
    np.testing.assert_allclose(found, picture.reshape(1, 3, 2, 3, 2).mean((2, 4)), rtol=1e-5)
    assert changed == ["6 × 6 pixels are resized to 3 × 3"]
    found, _ = fit(picture, (1, 4, 4))  # a new pixel covers one and a half old ones, along both axes
    corner = (picture[0, 0, 0] + picture[0, 0, 1] / 2 + picture[0, 1, 0] / 2 + picture[0, 1, 1] / 4) / 2.25
    assert found[0, 0, 0] == pytest.approx(corner, rel=1e-5)
    found, _ = fit(picture, (1, 12, 12))
    np.testing.assert_allclose(found, picture.repeat(2, 1).repeat(2, 2), rtol=1e-5)


def test_of_a_wide_picture_the_middle_is_taken():
    picture = np.broadcast_to(np.arange(8, dtype=np.float32) / 8, (1, 4, 8))
    found, changed = fit(picture, (1, 4, 4))
    np.testing.assert_array_equal(found[0, 0], np.float32([2, 3, 4, 5]) / 8)
    assert changed == ["of its 4 × 8 pixels the middle 4 × 4 are taken"]


def test_channels_are_made_to_fit_and_it_is_told():
    rng = generator()
    colour, grey = rng.random((3, 4, 4)).astype(np.float32), rng.random((1, 4, 4)).astype(np.float32)
    found, changed = fit(np.concatenate([colour, grey]), (3, 4, 4))
    np.testing.assert_array_equal(found, colour)
    assert changed == ["its transparency is dropped"]
    found, changed = fit(grey, (3, 4, 4))
    np.testing.assert_array_equal(found, grey.repeat(3, 0))
    assert changed[0].startswith("it is grey and the network wants colour")
    found, changed = fit(colour, (1, 4, 4))
    np.testing.assert_allclose(found[0], 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2], rtol=1e-5)
    assert changed[0].startswith("it is coloured and the network wants grey")
    with pytest.raises(ValueError, match="the network wants 2 channels"):
        fit(colour, (2, 4, 4))
