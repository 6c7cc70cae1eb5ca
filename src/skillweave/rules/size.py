"""Rules about size: how long a skill is for the agent that reads it, and what makes it so long."""

from __future__ import annotations

from skillweave.diagnostics import SKILL_TOO_LONG, Problem
from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.config import Limits


class Size(NamedTuple):
    """The size of a text: lines, bytes in UTF-8, and the approximate number of tokens that a model reads."""

    lines: int
    bytes: int
    tokens: int


class Share(NamedTuple):
    """What one include contributes: the include as it is written, and its size."""

    name: str
    size: Size


BYTES_OF_A_TOKEN = 4


def measure(text: str) -> Size:
    """The size of a text. Tokens are estimated as one for every four bytes, which is close for English and code."""
    data = len(text.encode())
    return Size(text.count("\n") + (not text.endswith("\n")), data, -(-data // BYTES_OF_A_TOKEN))


def check_size(size: Size, limits: Limits, shares: Sequence[Share]) -> Problem | None:
    """Report a skill above `limits.skill_lines` or `limits.skill_tokens`, naming the largest contributions of includes."""
    over = []
    if size.lines > limits.skill_lines:
        over.append(f"{size.lines:,} lines (the limit is {limits.skill_lines:,})")
    if size.tokens > limits.skill_tokens:
        over.append(f"about {size.tokens:,} tokens (the limit is {limits.skill_tokens:,})")
    if not over:
        return None
    largest = sorted(shares, key=lambda share: (-share.size.bytes, share.name))[:6]
    parts = ", ".join(f"{share.name} {share.size.lines:,} lines and {share.size.tokens:,} tokens" for share in largest)
    return Problem(
        SKILL_TOO_LONG,
        f"this skill has {' and '.join(over)}",
        Span(0, 0),
        help="make what is not always needed a reference: `<<reference: …>>` instead of `<<include: …>>`",
        note=f"its includes add {parts}" if parts else None,
    )
