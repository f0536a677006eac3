"""Puts this folder on the path, so that the checks and `scripts/make-goldens` read one table of cases."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
