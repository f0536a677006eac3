"""Where the numbers of README.md come from."""

import json
import re
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results"

steps = json.loads((RESULTS / "training.json").read_text())["results"]["step"]
small, middle, large, largest = (re.sub(r"\D", "", row["work"]) for row in steps)
ratio = [row["ratio"] for row in steps]

log = (RESULTS / "cifar10.md").read_text()
epochs, accuracy = re.findall(r"^epoch (\d+)/\1 .* val_accuracy ([\d.]+)%", log, re.MULTILINE)[-1]

SENTENCES = {
    "README.md": [
        "{in_words(modules).capitalize()} modules; NumPy",
        "| batch {small} | {ratio[0]:.2f} |\n",
        "| batch {middle} | {ratio[1]:.2f} |\n",
        "| batch {large} | {ratio[2]:.2f} |\n",
        "| batch {largest} | {ratio[3]:.2f} |\n",
        "it has {accuracy} % test\naccuracy after {in_words(int(epochs))} epochs",
    ],
}
