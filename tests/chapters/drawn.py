"""The chapters' pictures as their readers have them: the files, and what stands in them."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted(ROOT.glob("modules/*/pictures/*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


class Drawn:
    """A picture as it is read: what it shows, under the names that its groups have."""

    def __init__(self, path: Path):
        self.root = ElementTree.parse(path).getroot()
        self.texts = [text.text for text in self.root.iter(f"{SVG}text")]
        self.groups = {group.get("data-shows"): group for group in self.root.iter(f"{SVG}g")}

    @classmethod
    def of(cls, module: str, name: str) -> "Drawn":
        return cls(ROOT / "modules" / module / "pictures" / f"{name}.svg")

    def words(self, name: str) -> str:
        return " ".join(text.text for text in self.groups[name].iter(f"{SVG}text"))

    def numbers(self, name: str) -> np.ndarray:
        """The numbers that are written there, in the shape of the table."""
        found = np.array([float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", self.words(name))])
        shape = self.groups[name].get("data-shape")
        return found.reshape(tuple(map(int, shape.split()))) if shape else found

    def marked(self, name: str) -> np.ndarray:
        """Which cells of the table are marked: they are neither white nor grey."""
        cells = [cell.get("class") not in ("cell", "grey") for cell in self.groups[name].iter(f"{SVG}rect")]
        return np.array(cells).reshape(tuple(map(int, self.groups[name].get("data-shape").split())))
