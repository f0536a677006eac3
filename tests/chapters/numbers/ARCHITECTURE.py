"""Where the numbers of ARCHITECTURE.md come from. See tests/chapters/prose.py."""

import re
from pathlib import Path

from tito import check_course, check_milestones, progress, shape, snapshots

kept, results, longest, hundred = snapshots.KEPT, progress.KEPT, shape.CHAPTER, 100
inline, named = check_course.INLINE * hundred, check_course.NAMED * hundred
tenth = float(re.search(r"([\d.]+) \* given\(g\)", check_milestones.TENTH)[1])

chapter = Path(__file__).resolve().parents[3] / "modules" / "09_spatial" / "spatial_dev.py"
trains = r"^# ## (\d+)\. .*the convolution that trains$"
(convolution,) = re.findall(trains, chapter.read_text(encoding="utf-8"), re.MULTILINE)

SENTENCES = {
    "ARCHITECTURE.md": [
        "at most {longest} lines with its text and",
        "(module 09, section {convolution}) lays",
        "update and undo: the last {kept}; putting back",
        "The last {results} of each test are kept",
        "{inline:.0f} of {hundred} by the inline tests alone, and {named:.0f} of {hundred} must be named",
        "{about('a tenth', tenth)} of the gradient",
    ],
}
