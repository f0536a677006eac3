"""Puts this folder on the path, so that its checks and the tables in `numbers/` share `prose.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
