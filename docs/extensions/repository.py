"""Where the course is published: `[project.urls]` and `[tool.tinytorch]` of pyproject.toml, and nowhere else."""

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with Sphinx there

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Repository:
    """Addresses in the repository. `branch` holds the course, `notebooks` the students' tree with its notebooks."""

    address: str
    branch: str
    notebooks: str

    @classmethod
    def read(cls) -> "Repository":
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        site = settings["tool"]["tinytorch"]
        return cls(settings["project"]["urls"]["Repository"], site["branch"], site["notebooks"])

    @property
    def name(self) -> str:
        """`owner/repository`, as Binder and Colab want it."""
        return "/".join(self.address.split("/")[-2:])

    def page(self, path: str) -> str:
        """The page of a file or folder of the course."""
        kind = "blob" if (ROOT / path).is_file() else "tree"
        return f"{self.address}/{kind}/{self.branch}/{path}"

    def file(self, path: str) -> str:
        """The content of a file of the notebooks' branch."""
        return f"{self.address}/raw/{self.notebooks}/{path}"

    def binder(self, notebook: str) -> str:
        return f"https://mybinder.org/v2/gh/{self.name}/{self.notebooks}?labpath={notebook}"

    def colab(self, notebook: str) -> str:
        return f"https://colab.research.google.com/github/{self.name}/blob/{self.notebooks}/{notebook}"
