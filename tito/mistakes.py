"""The catalogue's entries, each as a dev file with the mistake in the place of the solution: `python -m tito.mistakes`.

A program of its own, since the catalogue is the course's and `tito` imports nothing of it. It writes one JSON object
per entry, `{"key", "module", "headline", "text"}`, to the file that TITO_RESULTS names; without `text`, but with
`problem`, where the dev file has no such place. The entries that a layer has of its function are left out where its
forward is given: no student writes it, and the function's own entries prove the tests.
"""

import json
import os
from typing import Any

from tito.course import Course, Module


def main() -> None:
    from tinytorch.testing.misconceptions import catalogue

    modules = {module.folder: module for module in Course.find().modules}
    with open(os.environ["TITO_RESULTS"], "w", encoding="utf-8") as file:
        for entry in catalogue():
            if entry.layer and not _is_exercise(modules.get(entry.where[0]), entry.where[1]):
                continue
            told = {"key": entry.key, "module": entry.where[0], "headline": entry.headline}
            file.write(json.dumps(told | _mutated(modules.get(entry.where[0]), entry)) + "\n")


def _is_exercise(module: Module | None, place: str) -> bool:
    from tinytorch.testing import chapters

    functions = chapters.functions(module.dev) if module else []
    return any(function.name == place and function.is_students for function in functions)


def _mutated(module: Module | None, entry: Any) -> dict[str, str]:
    from tinytorch.testing.misconceptions import mutate

    if module is None:
        return {"problem": f"{entry.key}: there is no module {entry.where[0]}"}
    try:
        return {"text": mutate(module.read_dev(), entry)}
    except LookupError as error:
        return {"problem": str(error.args[0])}


if __name__ == "__main__":
    main()
