"""Where tensors are: in the memory of the CPU. So programs that ask for another device go on without one."""

from __future__ import annotations

from typing import Any


class device:
    """The place of a tensor's numbers: `device("cpu")`. Raises ValueError for any other."""

    type = "cpu"
    index = None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if str(type).partition(":")[0] != "cpu":
            raise ValueError(
                f'device: expected "cpu", got {type!r}: TinyTorch computes on the CPU alone; '
                'write device("cuda" if cuda.is_available() else "cpu")'
            )

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash("cpu")

    def __str__(self) -> str:
        return "cpu"

    def __repr__(self) -> str:
        return "device(type='cpu')"


def check_device(given: Any) -> None:
    """Raise ValueError for a device that is not the CPU; None is the CPU, too."""
    if given is not None:
        device(given)


def get_default_device() -> device:
    """Return the device of new tensors: the CPU."""
    return device("cpu")


def set_default_device(device: Any) -> None:
    """Accept "cpu". Raises ValueError for any other device."""
    check_device(device)


class cuda:
    """NVIDIA's graphics cards: none is used."""

    @staticmethod
    def is_available() -> bool:
        """Return False."""
        return False

    @staticmethod
    def device_count() -> int:
        """Return 0."""
        return 0

    @staticmethod
    def manual_seed_all(seed: int) -> None:
        """Do nothing, as torch does where there is no card: `manual_seed` seeds everything."""

    manual_seed = manual_seed_all

    @staticmethod
    def synchronize(device: Any = None) -> None:
        """Do nothing: a function has finished when it returns."""


class mps:
    """Apple's graphics processors: none is used."""

    is_available = staticmethod(cuda.is_available)


class cudnn:
    """NVIDIA's library, which is not used: what is set here changes nothing, and all results are repeatable."""

    deterministic = True
    benchmark = False
    is_available = staticmethod(cuda.is_available)


class backends:
    """What a program asks for before it chooses a device."""

    mps = mps
    cudnn = cudnn


class accelerator:
    """Any device but the CPU: none is used."""

    is_available = staticmethod(cuda.is_available)
    device_count = staticmethod(cuda.device_count)

    @staticmethod
    def current_accelerator(check_available: bool = False) -> None:
        """Return None: there is no accelerator."""
