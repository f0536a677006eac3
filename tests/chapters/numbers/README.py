"""Where the numbers of README.md come from."""

import json
import re
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results"

steps = json.loads((RESULTS / "training.json").read_text())["results"]["step"]
small, middle, large, largest = (re.sub(r"\D", "", row["work"]) for row in steps)
ratio = [row["ratio"] for row in steps]

log = (RESULTS / "cifar10.md").read_text()
(accuracy,) = re.findall(r"^([\d.]+) % of 10,000 test pictures named rightly", log, re.MULTILINE)
epochs = max(int(number) for number in re.findall(r"^epoch (\d+)/", log, re.MULTILINE))

SENTENCES = {
    "README.md": [
        "{in_words(modules).capitalize()} modules; NumPy",
        "| batch {small} | {ratio[0]:.2f} |\n",
        "| batch {middle} | {ratio[1]:.2f} |\n",
        "| batch {large} | {ratio[2]:.2f} |\n",
        "| batch {largest} | {ratio[3]:.2f} |\n",
        "names {accuracy} % of the test pictures rightly after {in_words(epochs)} epochs",
    ],
}
