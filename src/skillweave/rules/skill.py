"""What the agent-skills specification and the configured consumers require of a SKILL.md's front matter."""

from __future__ import annotations

import re

from skillweave.consumers import CONSUMERS, SPECIFICATION, refusing
from skillweave.diagnostics import (
    INVALID_FIELD,
    INVALID_FRONT_MATTER,
    INVALID_NAME,
    MISSING_FIELD,
    NAME_MISMATCH,
    UNPORTABLE_FIELD,
    Problem,
)
from skillweave.front_matter.values import FrontMatter
from skillweave.phrases import near_names
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.front_matter.values import Field

_OPENING_LINE = Span(0, 3)
_ONE_TEXT = "write one string"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def check_skill_front_matter(
    front_matter: FrontMatter | None, folder_name: str, consumers: Sequence[str], *, is_late: bool = False
) -> tuple[Problem, ...]:
    """The problems of a SKILL.md whose front matter could be read. None stands for a file without front matter.

    `is_late` says whether the file has a `---` line after nothing but blank lines.
    """
    if front_matter is None and is_late:
        cure = "the front matter begins on the first line: remove the blank lines before it"
        return (Problem(INVALID_FRONT_MATTER, "this SKILL.md has no front matter", Span(0, 0), cure),)
    if front_matter is None:
        cure = f"start the file with ---, name: {folder_name}, description: …, ---"
        return (Problem(INVALID_FRONT_MATTER, "this SKILL.md has no front matter", Span(0, 0), cure),)
    slips = _slips(front_matter)
    others = (field for field in front_matter.fields if field not in slips.values())
    return (
        *_missing(front_matter, folder_name, slips),
        *(problem for field in others for problem in _check_field(field, folder_name, consumers)),
    )


_REQUIRED = ("name", "description")


def _slips(front_matter: FrontMatter) -> dict[str, Field]:
    """The fields whose key seems to be a misspelling of a required name, by that (missing) name."""
    known = SPECIFICATION.union(*CONSUMERS.values())
    unknown = {field.name.lower(): field for field in front_matter.fields if field.name not in known}
    missing = [name for name in _REQUIRED if front_matter.get(name) is None] if unknown else []
    near = {name: near_names(name, unknown, cutoff=0.7) for name in missing}
    return {name: unknown[found[0]] for name, found in near.items() if found}


def _missing(front_matter: FrontMatter, folder_name: str, slips: Mapping[str, Field]) -> Iterator[Problem]:
    cures = (f"add `name: {folder_name}`", "add `description: what it does, and when to use it`")
    for name, cure in zip(_REQUIRED, cures, strict=True):
        message = f"the front matter has no {name}"
        if name in slips:
            yield Problem(MISSING_FIELD, message, slips[name].name_span, f"did you mean `{name}`?")
        elif front_matter.get(name) is None:
            yield Problem(MISSING_FIELD, message, _OPENING_LINE, cure)


def _check_field(field: Field, folder_name: str, consumers: Sequence[str]) -> Iterator[Problem]:
    match field.name:
        case "name":
            yield from _check_name(field, folder_name)
        case "description":
            yield from _check_length(field, 1024, "write what it does, and when to use it")
        case "compatibility":
            yield from _check_length(field, 500, "write what it needs, or leave it out")
        case "metadata":
            yield from _check_metadata(field)
        case "allowed-tools":
            if not isinstance(field.value, str):
                cure = "write the tools on one line with blanks between: `allowed-tools: Read Grep`"
                yield Problem(INVALID_FIELD, "allowed-tools is not a string", field.value_span, cure)
        case name if name not in SPECIFICATION:
            yield from _check_portable(field, consumers)


def _check_name(field: Field, folder_name: str) -> Iterator[Problem]:
    name = field.value
    if not isinstance(name, str):
        yield Problem(INVALID_NAME, "name is not a string", field.value_span)
    elif len(name) > 64:
        yield Problem(INVALID_NAME, f"the name has {len(name)} characters; the limit is 64", field.value_span)
    elif not _NAME.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        cure = "use a to z, 0 to 9, and single hyphens between them" + (f": {better}?" if better else "")
        yield Problem(INVALID_NAME, f'"{name}" is not a valid name for a skill', field.value_span, cure)
    elif name != folder_name:
        message = f'the skill is named "{name}", but its folder is named "{folder_name}"'
        yield Problem(NAME_MISMATCH, message, field.value_span, "give both the same name")


def _check_length(field: Field, most: int, wanted: str) -> Iterator[Problem]:
    if not isinstance(field.value, str):
        yield Problem(INVALID_FIELD, f"{field.name} is not a string", field.value_span, _ONE_TEXT)
    elif not field.value.strip():
        yield Problem(INVALID_FIELD, f"{field.name} is empty", field.name_span, wanted)
    elif len(field.value) > most:
        message = f"{field.name} has {len(field.value)} characters; the limit is {most}"
        yield Problem(INVALID_FIELD, message, field.value_span, f"shorten it by {len(field.value) - most}")


def _check_metadata(field: Field) -> Iterator[Problem]:
    if not isinstance(field.value, FrontMatter):
        # An empty value is an empty mapping that is still to be filled in.
        if field.value != "":
            yield Problem(
                INVALID_FIELD, "metadata is not a mapping", field.value_span, "write `key: value` lines in it"
            )
        return
    for entry in field.value.fields:
        if not isinstance(entry.value, str):
            message = f"metadata maps strings to strings, but {entry.name} is not a string"
            yield Problem(INVALID_FIELD, message, entry.value_span, _ONE_TEXT)


def _check_portable(field: Field, consumers: Sequence[str]) -> Iterator[Problem]:
    refused_by = refusing(field.name, consumers)
    if not refused_by:
        return
    known = SPECIFICATION.union(*(CONSUMERS.get(consumer, frozenset()) for consumer in consumers))
    near = near_names(field.name, sorted(key for key in known if not refusing(key, consumers)), cutoff=0.8)
    cure = f"did you mean {near[0]}?" if near else "put keys of your own under metadata"
    if takers := [consumer for consumer in consumers if consumer not in refused_by]:
        cure = f"{', '.join(takers)} takes it; `skillweave package --strip-unportable` leaves it out"
    message = f'"{field.name}" is not a key of {", ".join(refused_by)}'
    yield Problem(UNPORTABLE_FIELD, message, field.name_span, cure)
