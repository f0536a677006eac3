"""Not one wrong number: every number in the prose of a page is computed here, or cited.

The tables in `numbers/` say which sentence holds which number, and where it comes from: a piece of the page's text with
an expression in the place of each number, as in an f-string.

    "Conv2d(3, 32, 3) has {parameters(conv):,} parameters"

The expression is evaluated among the names that the table defines (`about`, `in_words`, `fraction` and `raised` write
numbers as words, ½ and exponents), and the sentence that results must stand in the page, word for word and once. A
number of the page that stands in no such place is an error, unless its sentence cites where it is from, or it is
structural.

What is structural, and so not checked (`_STRUCTURAL`):
- numerals of headings and lists, numbers of modules that exist (01, 09_spatial), the oldest Python that is supported;
- names: float32, W2, CIFAR-10; web addresses; the options of directives;
- code: what stands in fences of code (it is run) and between backticks, if it is an expression with a name in it, or a
  setting of the package such as `dim=1`; a bare value in backticks is a number like any other, and so is what stands
  in comments, in diagrams and in tables;
- 0, 1 and 2 as operands of a formula (1 / (1 + x), 2k), exponents ² and ³;
- in words, half, twice and numbers up to ten, but not of modules, chapters and exercises; in running text 0 and 1, as
  zero and one are, but not after `=` and the like, and not in brackets.
"""

import ast
import difflib
import inspect
import io
import re
import string
import tokenize
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from tito.chapters import dev_pages, parts

CODE = {"python", "bash", "console", "{code-cell}"}
EXAMPLES = {"{code-block}", "{session}"}  # of which nothing is prose, not even a comment

_UNITS = "three|four|five|six|seven|eight|nine|ten"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_TEENS = "eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_SHARES = "third|quarter|fifth|sixth|eighth|tenth|hundredth|thousandth|millionth"
NUMBER = re.compile(
    r"(?<!\w)\d+(?:,\d{3}(?!\d))*(?:\.\d+)?"  # 1,234.5
    r"|[¼½¾⅐-⅞]|⁻[⁰¹²³⁴-⁹]+|[⁰¹²³⁴-⁹]{2,}|[⁴-⁹]"  # fractions; exponents but ² and ³
    rf"|\b(?:{_TEENS}|(?:{_TENS})(?:-\w+)?|(?:\w+ )?(?:hundred|thousand|million|billion|dozen)(?: times)?)\b"
    rf"|\b(?:one|two|{_UNITS}|a)[ -](?:{_SHARES})s?\b|\b(?:{_UNITS}) times\b|\bper cent\b"
    rf"|\b(?:{_UNITS})(?= (?:modules|chapters|exercises)\b)",
    re.IGNORECASE,
)
# A paper: (He et al. 2015), Kingma and Ba (2015), arXiv:1502.01852, doi:…
_CITATION = re.compile(
    r"arXiv:\d{4}\.\d{4,5}|arxiv\.org/abs/|doi:10\.\S+|doi\.org/10"
    r"|\w et al\.,? \(?(?:19|20)\d\d\b|[A-Z]\w+ (?:and|&) [A-Z]\w+,? \(?(?:19|20)\d\d\b"
    r"|\([A-Z]\w+,? (?:19|20)\d\d\)|[A-Z]\w+ \((?:19|20)\d\d\)"
)
_SENTENCE_END = re.compile(r"[.!?][\"”*)]*\s+(?=[\"“*(`\[]*[A-Z])|\n\s*\n|\n(?=\s*(?:[-*|>]|\d+\.)\s)")
_OPERAND_AFTER = r"(?=\s?[-−+/·*^]\s?[\w(√|]|[^\W\d_]|\(|√)"
_OPERAND_BEFORE = r"(?:(?<=[\w)\]|⌋] [-−+/·*^] )|(?<=[\w)\]|⌋][-−+/·*^])|(?<=√))"
_RUNNING = re.compile(r"(?<![=≈→(\[,:] )(?<![=≈→(\[,\w.−+-])[01](?![\w)\]=]|[.,]\d|,? ?[)\]]| ?[=≈→])")
_STRUCTURAL = [
    re.compile(r"^\s*#+ \d+\.|^\s*\d+\. "),
    re.compile(r"^\s*:[\w-]+:.*|^\s*:{3,}\{grid\}.*|^time_estimate:.*"),
    re.compile(r"\]\([^)]*\)|https?://[^\s>)]*|<!--.*?-->|\{\{.*?\}\}"),
    re.compile(r"\b[A-Za-z]{2,}-\d+\b"),
    re.compile(rf"(?<![\w.,])[012](?![.,]?\d){_OPERAND_AFTER}|{_OPERAND_BEFORE}[012](?![.,]?\d)(?!\w)"),
]


@dataclass(frozen=True)
class Problem:
    line: int
    message: str


class Page:
    """The prose of a page: `text` with code left blank, and `open`, in which the structural numbers are blank too."""

    def __init__(
        self, text: str, *, dev: bool = False, runs: bool = False, modules: tuple[str, ...] = (), python: str = ""
    ):
        """Of a page that `runs`, the `text` after code is its output, which is compared with what is printed."""
        text = dev_pages(text) if dev else text
        lines = text.splitlines()
        visible = [""] * len(lines)
        running = set()
        after_code = False
        for part in parts(text):
            inside = part.text.splitlines()
            language = part.language.partition(" ")[0]
            code = language in CODE | EXAMPLES
            if code:
                inside = [_comment(line) if language in CODE else "" for line in inside]
            elif part.language == "text" and after_code and runs:
                inside = []
            for number, line in enumerate(inside, part.line):
                visible[number - 1] = line
            if not part.language and not part.text.lstrip().startswith("|"):
                running.add(part.line)
            after_code = part.language in ("python", "bash") or (
                after_code and not part.language and not part.text.strip()
            )
        self.text = "\n".join(visible)
        self.open = "\n".join(
            _blank_structural(line, modules, python, number in running) for number, line in enumerate(visible, 1)
        )

    def line(self, place: int) -> int:
        return self.text.count("\n", 0, place) + 1

    @cached_property
    def _ends(self) -> list[int]:
        return [0, *(match.end() for match in _SENTENCE_END.finditer(self.text)), len(self.text)]

    def sentence(self, place: int) -> str:
        after = bisect_right(self._ends, place)
        return " ".join(self.text[self._ends[after - 1] : self._ends[after]].split())

    def numbers(self) -> list[re.Match[str]]:
        """The numbers that must come from somewhere: neither structural nor in a sentence with a citation."""
        found = NUMBER.finditer(self.open)
        return [match for match in found if not _CITATION.search(self.sentence(match.start()))]


def check(page: Page, templates: list[str], names: dict[str, Any]) -> list[Problem]:
    """What is wrong with the numbers of a page, whose sentences with numbers are the templates."""
    problems, computed = [], []
    for template in templates:
        try:
            pieces = _evaluate(template, names)
        except Exception as error:
            problems.append(Problem(1, f"{template!r} cannot be computed: {type(error).__name__}: {error}"))
            continue
        matches = list(_pattern(pieces).finditer(page.text))
        if len(matches) == 1:
            computed += [matches[0].span(group) for group in range(1, len(matches[0].groups()) + 1)]
        elif matches:
            lines = ", ".join(str(page.line(match.start())) for match in matches)
            problems.append(
                Problem(page.line(matches[0].start()), f"{template!r} fits lines {lines}: quote more of it.")
            )
        else:
            problems.append(_missing(page, pieces))
    for match in page.numbers():
        if not any(start <= match.start() and match.end() <= end for start, end in computed):
            sentence = page.sentence(match.start())
            if not any(problem.line == page.line(match.start()) for problem in problems):
                problems.append(
                    Problem(page.line(match.start()), f"nothing computes {match[0]!r} in: {_short(sentence, match[0])}")
                )
    return sorted(problems, key=lambda problem: problem.line)


def _evaluate(template: str, names: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(text before, expression, its value as it is to be written) of each place, and the text after the last."""
    pieces = []
    for text, expression, form, _ in string.Formatter().parse(template):
        value = ""
        if expression is not None:
            tree = ast.parse(expression, mode="eval")
            if not any(isinstance(node, ast.Name | ast.BinOp) for node in ast.walk(tree)):
                raise ValueError(f"{{{expression}}} computes nothing")
            value = format(eval(compile(tree, "<numbers>", "eval"), {**_HELPERS, **names}), form or "")
        pieces.append((text, expression or "", value))
    if not any(expression for _, expression, _ in pieces):
        raise ValueError("it holds no {expression}")
    return pieces


def _pattern(pieces: list[tuple[str, str, str]], value: str | None = None) -> re.Pattern[str]:
    """Finds the sentence in a page, however its lines are broken; a group for each value (or for any text at all)."""
    found = []
    for text, expression, computed in pieces:
        found.append(_spaced(text))
        if expression:
            found.append(f"({value or _spaced(computed)})")
    # not within a longer number, nor within a word
    told = "".join(text + value for text, _, value in pieces)
    before = r"(?<![\w.,])" if re.match(r"\w", told) else ""
    after = r"(?!\w|[.,]\d)" if re.search(r"\w$", told) else ""
    return re.compile(before + "".join(found) + after)


def _spaced(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))


def _missing(page: Page, pieces: list[tuple[str, str, str]]) -> Problem:
    """The sentence is not in the page: what the page says in its place."""
    told = "".join(text + value for text, _, value in pieces)
    match = _pattern(pieces, value=r"[^\n]{1,40}?").search(page.text)
    if match:
        wrong = [
            f"{written!r}, and {expression} is {value}"
            for written, (_, expression, value) in zip(match.groups(), (p for p in pieces if p[1]))
            if written != value
        ]
        return Problem(page.line(match.start()), f"the page says {'; '.join(wrong)} in: {' '.join(match[0].split())}")
    sentences = {page.sentence(m.start()): page.line(m.start()) for m in NUMBER.finditer(page.text)}
    near = difflib.get_close_matches(told, sentences, n=1, cutoff=0.3)
    hint = f" The nearest says: {near[0]}" if near else ""
    return Problem(sentences[near[0]] if near else 1, f"the page does not say {told!r}.{hint}")


def _short(sentence: str, number: str) -> str:
    at = sentence.find(number)
    start, stop = max(0, at - 80), at + 80
    return ("… " if start else "") + sentence[start:stop] + (" …" if stop < len(sentence) else "")


def _comment(line: str) -> str:
    """The comment of a line of code, in its place; the code is blank."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline))
        starts = [token.start[1] + len(line) - len(line.lstrip()) for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        starts = [match.start() for match in re.finditer(r"(?<!\S)#", line)][:1]
    return " " * starts[0] + line[starts[0] :] if starts else ""


def _blank_structural(line: str, modules: tuple[str, ...], python: str, running: bool) -> str:
    def blank(match: re.Match[str]) -> str:
        return " " * len(match[0])

    line = re.sub(r"(`+)(.+?)\1", lambda m: blank(m) if _is_code(m[2]) else m[0], line)
    line = re.sub(r"(?<![\w.,])0\d(?![.,]?\d|[^\W_])", lambda m: blank(m) if m[0] in modules else m[0], line)
    if python:
        line = re.sub(rf"Python {re.escape(python)}(?!\d)", blank, line)
    for pattern in [*_STRUCTURAL, *([_RUNNING] if running else [])]:
        line = pattern.sub(blank, line)
    return line


def _is_code(text: str) -> bool:
    """Whether this is a piece of code, not a mere value: an expression with a name in it, or a setting."""
    try:
        (statement,) = ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        return not re.search(r"(?<![\w.])\d", text)  # a command: its numbers are looked at
    if isinstance(statement, ast.Assign):
        (target,) = statement.targets
        literal = not any(isinstance(node, ast.Name) for node in ast.walk(statement.value))
        return not literal or (isinstance(target, ast.Name) and target.id in _settings())
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Compare):
        return False
    return any(isinstance(node, ast.Name) for node in ast.walk(statement))


@cache
def _settings() -> set[str]:
    """The names of all parameters of what the package's chapters define."""
    names: set[str] = set()
    for path in sorted((Path(__file__).resolve().parents[2] / "tinytorch" / "core").glob("[a-z]*.py")):
        chapter = import_module(f"tinytorch.core.{path.stem}")
        for value in vars(chapter).values():
            if inspect.isfunction(value) or inspect.isclass(value):
                try:
                    names |= inspect.signature(value).parameters.keys()
                except ValueError:  # a class of C
                    pass
    return names


_WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_WORDS += ["seventeen", "eighteen", "nineteen"]


def in_words(number: int) -> str:
    """25 is twenty-five."""
    if number < 20:
        return _WORDS[number]
    tens, ones = divmod(number, 10)
    return _TENS.split("|")[tens - 2] + (f"-{_WORDS[ones]}" if ones else "")


def fraction(value: float) -> str:
    """0.5 is ½."""
    return next((sign for sign in "¼½¾" if unicodedata.numeric(sign) == value), f"{value:g}")


def raised(number: int) -> str:
    """-200 is ⁻²⁰⁰."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def about(words: str, value: float) -> str:
    """`words` if `value` is what they say, to within a twentieth: "two thirds", "ten times", "a thousand", "thirty"."""
    said = _value(words.lower())
    return words if abs(value - said) <= said / 20 else f"{value:g}"


def _value(words: str) -> Fraction:
    if words in (spelled := [in_words(number) for number in range(100)]):
        return Fraction(spelled.index(words))
    value = Fraction(1)
    for word in words.removesuffix(" times").replace("-", " ").split():
        share = next((n for n, name in enumerate(_SHARES.split("|")) if word.rstrip("s") == name), None)
        if share is not None:
            value /= [3, 4, 5, 6, 8, 10, 100, 1000, 10**6][share]
        elif word in ("a", "an"):
            continue
        elif word in _WORDS:
            value *= _WORDS.index(word)
        else:
            value *= {"half": Fraction(1, 2), "hundred": 100, "thousand": 1000, "million": 10**6}[word]
    return value


_HELPERS = {"about": about, "fraction": fraction, "in_words": in_words, "raised": raised}
