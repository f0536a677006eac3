"""Where the numbers of ARCHITECTURE.md come from. See tests/chapters/prose.py."""

import re
from pathlib import Path

from tito import check_course, check_milestones, snapshots

kept, hundred = snapshots.KEPT, 100
named = check_course.NAMED * hundred
tenth = float(re.search(r"([\d.]+) \* given\(g\)", check_milestones.TENTH)[1])

chapter = Path(__file__).resolve().parents[3] / "modules" / "01_tensor" / "tensor_dev.py"
(cores,) = re.findall(r"^# ## (\d+)\. Several cores$", chapter.read_text(encoding="utf-8"), re.MULTILINE)

SENTENCES = {
    "ARCHITECTURE.md": [
        "(module 01, section {cores}), cuts",
        "update and undo: the last {kept}; putting back",
        "{named:.0f} of {hundred} named",
        "{about('a tenth', tenth)} of the gradient",
    ],
}
