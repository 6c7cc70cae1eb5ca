"""Rules about characters that nobody sees and a model reads, and about characters that change the direction of text.

A clean text costs one search. A match is excused if an emoji or a script needs it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from skillweave.diagnostics import BIDI_CONTROL, HIDDEN_UNICODE, Problem
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKS = "\u061c\u200e\u200f"
_BIDI = f"{_MARKS}\u202a-\u202e\u2066-\u2069"

# The default-ignorable characters of Unicode, and the annotation marks.
_IGNORABLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SUSPICIOUS = re.compile(f"[{_IGNORABLE}{_BIDI}]+")
_DIRECTION = re.compile(f"[{_BIDI}]")

# A flag of a region: no longer than CLDR's codes, so that no sentence hides in one.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")

# What may precede a joiner, by script: Arabic to Mandaic, the Brahmic scripts of the first plane, Myanmar, Khmer,
# Mongolian, the Brahmic scripts of South-East Asia, Phags-pa to Javanese, Meetei Mayek, Arabic forms, the second plane.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\u1a20-\u1aaf\u1b00-\u1bff"
    "\ua840-\ua87f\ua8e0-\ua9ff\uaa60-\uaaff\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010aff\U00010d00-\U00010d3f\U00010f30-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
# Thai to Tibetan, Myanmar and Khmer have no blanks between words, and mark where a line may break.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Where Unicode defines sequences with the first selectors: CJK punctuation, mathematics, Myanmar, Phags-pa.
_SELECTED = re.compile("[\u3000-\u303f\uff00-\uff60\u2200-\u22ff\u2a00-\u2aff\u1000-\u109f\uaa60-\uaa7f\ua840-\ua87f]")
_MONGOLIAN = re.compile("[\u1800-\u18af]")
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_HEBREW = re.compile("[\u0590-\u05ff]")
# Emoji that Unicode does not categorise as symbols: ℹ ‼ ⁉ 〰.
_PICTURES = "\u2139\u203c\u2049\u3030"
_AROUND_PICTURE = "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"

_NAMED = 8
"""How many code points of a run a message names."""


def check_hidden(text: str) -> Iterable[Problem]:
    """Report every run of hidden characters or of direction controls."""
    for found in _SUSPICIOUS.finditer(text):
        excused = _excused_flag(text, found)
        places = [at for at in range(excused, found.end()) if not _is_needed(text, at)]
        for _, run in groupby(enumerate(places), key=lambda pair: (pair[1] - pair[0], _is_control(text[pair[1]]))):
            at = [place for _, place in run]
            yield _problem(text[at[0] : at[-1] + 1], Span(at[0], at[-1] + 1))


def hides_nothing(text: str) -> bool:
    """Whether a text has none of the suspicious characters, needed or not."""
    return _SUSPICIOUS.search(text) is None


def _excused_flag(text: str, found: re.Match[str]) -> int:
    """The offset where a match starts, after any tag characters that belong to a flag before it."""
    flag = _FLAG.match(text, found.start() - 1) if found.start() else None
    return flag.end() if flag else found.start()


def _is_control(character: str) -> bool:
    return _DIRECTION.match(character) is not None


def _is_needed(text: str, at: int) -> bool:  # noqa: PLR0911 (one answer per kind of character reads best as a table)
    """Whether the characters around a suspicious one make it part of an emoji or of a script's spelling."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    match text[at]:
        case "\u200d":
            return _joins_pictures(text, at) or _JOINING.match(before) is not None
        case "\u200c":
            return _JOINING.match(before) is not None
        case "\u200b":
            return _UNSPACED.match(before) is not None and _UNSPACED.match(after) is not None
        case "\ufe0e" | "\ufe0f":
            return _is_picture(before) or (before in "0123456789#*" and after == "\u20e3" and before != "")
        case "\ufe00" | "\ufe01" | "\ufe02":
            return bool(_IDEOGRAPH.match(before) or _SELECTED.match(before))
        case "\u180b" | "\u180c" | "\u180d" | "\u180e" | "\u180f":
            return _MONGOLIAN.match(before) is not None
        case "\u115f" | "\u1160":
            return bool(_JAMO.match(before) or _JAMO.match(after))
        case "\u034f":
            return _HEBREW.match(before) is not None
        case "\u061c" | "\u200e" | "\u200f":
            return _is_right_to_left(text, at)
        case selector if "\U000e0100" <= selector <= "\U000e01ef":
            return _IDEOGRAPH.match(before) is not None
    return False


def _joins_pictures(text: str, at: int) -> bool:
    """Whether a joiner is between two emoji. Selectors and skin tones belong to the emoji before them."""
    first = at - 1
    while first > max(at - 3, 0) and text[first] in _AROUND_PICTURE:
        first -= 1
    return first >= 0 and _is_picture(text[first]) and _is_picture(text[at + 1 : at + 2])


def _is_picture(character: str) -> bool:
    """Whether a character can be an emoji: a symbol, including those newer than Python's tables."""
    if not character or character < "\u00a9":
        return False
    if "\U0001f000" <= character <= "\U0001faff" or character in _PICTURES:
        return True
    category = unicodedata.category(character)
    return category == "So" or (category == "Sm" and character >= "\u2190")


def _is_right_to_left(text: str, at: int) -> bool:
    """Whether a right-to-left letter is near a mark on its line (within 40 characters): only there is the mark of use."""
    start = max(text.rfind("\n", 0, at) + 1, at - 40)
    end = text.find("\n", at, at + 40)
    line = text[start : end if end >= 0 else at + 40]
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in line if c not in _MARKS)


def _problem(run: str, span: Span) -> Problem:
    names = [f"U+{ord(c):04X} {unicodedata.name(c, 'UNASSIGNED')}" for c in dict.fromkeys(run)]
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if _is_control(run[0]):
        what = "a character that changes" if len(run) == 1 else f"{len(run)} characters that change"
        message = f"{what} the direction of text: {listed}"
        return Problem(BIDI_CONTROL, message, span, "delete it; if it is meant, write it as an escape")
    spelled = "".join(chr(ord(c) - 0xE0000) for c in run if "\U000e0020" <= c <= "\U000e007e")
    shown = spelled if len(spelled) <= 200 else spelled[:200] + "…"
    note = f'the tag characters spell "{shown}"' if spelled else None
    what = "an invisible character" if len(run) == 1 else f"{len(run)} invisible characters"
    return Problem(HIDDEN_UNICODE, f"{what}: {listed}", span, "delete what is not meant", note)
