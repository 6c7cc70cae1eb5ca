"""The table of codes, and `Diagnostic`: an author's mistake as a value with a place and, if there is one, a cure."""

from __future__ import annotations

from enum import Enum

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from skillweave.source import Edit, Position, SourcePath, Span


class Severity(Enum):
    """How severe a diagnostic is: an entry with an error is not emitted."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(NamedTuple):
    """One kind of diagnostic. `number` is never reused, and `name` is part of the public interface."""

    number: str
    name: str
    severity: Severity
    summary: str
    fixable: bool = False
    """Whether findings of this kind may come with a fix."""
    excusable: bool = False
    """Whether authors may have a good reason for this error: it can be ignored in place or per path."""
    milder: bool = False
    """Whether this error is only a warning in some files. There it can be raised, and ignored, but everywhere only if it is not
    `excusable`.
    """

    @property
    def stage(self) -> str:
        """The number without its last two digits, such as `SW5`."""
        return self.number[:3]

    def __reduce__(self) -> tuple[Callable[[str], Code], tuple[str]]:
        """Unpickle to the very object in `CODES`, because codes are compared by identity."""
        return _code, (self.name,)


_E, _W = Severity.ERROR, Severity.WARNING

INVALID_CONFIG = Code("SW001", "invalid-config", _E, "the configuration has a mistake")
UNUSED_IGNORE = Code("SW002", "unused-ignore", _W, "a comment that ignores nothing")
MALFORMED_DIRECTIVE = Code(
    "SW101", "malformed-directive", _E, "a directive without a close, a target, or a valid option"
)
UNKNOWN_DIRECTIVE = Code("SW102", "unknown-directive", _E, "a word one edit away from a directive's", fixable=True)
UNKNOWN_OPTION = Code("SW103", "unknown-option", _E, "an option that no directive has")
CONFLICTING_OPTIONS = Code("SW104", "conflicting-options", _E, "options that exclude each other or the directive")
DIRECTIVE_NOT_ALONE = Code("SW105", "directive-not-alone", _E, "a block directive that shares its line")
DIRECTIVE_IN_FRONT_MATTER = Code(
    "SW106", "directive-in-front-matter", _W, "a directive in front matter, where none is resolved"
)
UNCLOSED_FENCE = Code("SW107", "unclosed-fence", _E, "a code fence that only the end of the file closes", milder=True)
UNCLOSED_HTML = Code("SW108", "unclosed-html", _E, "an HTML block that only the end of the file closes", milder=True)
INVALID_ENCODING = Code("SW109", "invalid-encoding", _E, "a file that is not UTF-8 text")
DIRECTIVE_STYLE = Code("SW110", "directive-style", _W, "a directive with unusual spacing", fixable=True)
NESTING_TOO_DEEP = Code("SW111", "nesting-too-deep", _W, "lists or quotes nested too deeply to be read")
MISSING_INCLUDE = Code("SW201", "missing-include", _E, "a target that does not exist", fixable=True)
PATH_OUTSIDE_ROOTS = Code("SW202", "path-outside-roots", _E, "a target outside the folders that may be read")
PATH_NOT_PORTABLE = Code("SW203", "path-not-portable", _E, "a path that works on one machine only", fixable=True)
CASE_MISMATCH = Code("SW204", "case-mismatch", _E, "a path whose case differs from that on disk", fixable=True)
NOT_A_REGULAR_FILE = Code(
    "SW205", "not-a-regular-file", _E, "a target that is a folder, a FIFO or a device", fixable=True
)
NOT_MARKDOWN = Code("SW206", "not-markdown", _E, "a target that is not a Markdown file")
MISSING_SECTION = Code("SW207", "missing-section", _E, "a section that the target does not have", fixable=True)
MISSING_REGION = Code("SW208", "missing-region", _E, "a region that is missing, unclosed, or crossing")
LINES_OUT_OF_RANGE = Code("SW209", "lines-out-of-range", _E, "lines that the target does not have")
AMBIGUOUS_SECTION = Code("SW210", "ambiguous-section", _W, "a section name that several headings have")
AMBIGUOUS_TARGET = Code("SW211", "ambiguous-target", _E, "a path that two pattern roots have")
MAKE_READABLE = "make it readable"
"""The cure for an unreadable file."""
UNREADABLE_FILE = Code("SW212", "unreadable-file", _E, "a file that cannot be read")
INCLUDE_CYCLE = Code("SW301", "include-cycle", _E, "files that include each other in a circle")
INCLUDE_TOO_DEEP = Code("SW302", "include-too-deep", _E, "a chain of includes above the limit")
EXPANSION_TOO_LARGE = Code("SW303", "expansion-too-large", _E, "an expansion above the limit")
UNUSED_PATTERN = Code("SW304", "unused-pattern", _W, "a pattern that no entry reaches")
SETEXT_SEAM = Code(
    "SW401", "setext-seam", _E, "text that a following --- or === would turn into a heading", fixable=True
)
PARAGRAPH_MERGE = Code("SW402", "paragraph-merge", _W, "text that joins a block of the other file", fixable=True)
HEADING_TOO_DEEP = Code("SW403", "heading-too-deep", _E, "a heading level outside 1 to 6")
CONFLICTING_DEFINITION = Code("SW404", "conflicting-definition", _E, "two different definitions of one label")
CAPTURED_REFERENCE = Code("SW405", "captured-reference", _W, "a reference that another file's definition captures")
EMPTY_INCLUDE = Code("SW406", "empty-include", _W, "an include that selects nothing, or an asset that ships nothing")
PARTIAL_BLOCK = Code("SW407", "partial-block", _W, "selected lines that cut a fence or a table")
LEFTOVER_DIRECTIVE = Code("SW408", "leftover-directive", _E, "a live directive left in an output")
SEAM_CHANGES_MEANING = Code("SW409", "seam-changes-meaning", _E, "a block that the seam turns into another kind")
BROKEN_LINK = Code(
    "SW501", "broken-link", _E, "a link to something that does not exist, or to a folder", excusable=True, milder=True
)
BROKEN_ANCHOR = Code("SW502", "broken-anchor", _E, "a link to a heading that does not exist", excusable=True)
LINK_OUTSIDE_ROOTS = Code(
    "SW503", "link-outside-roots", _E, "a link to a file that no bundle may contain", excusable=True
)
LINK_TO_SKILL = Code("SW504", "link-to-skill", _W, "a link to another skill, which may not be installed")
DANGLING_PATH = Code("SW505", "dangling-path", _W, "a path in prose that the bundle does not contain")
UNKNOWN_SKILL = Code("SW506", "unknown-skill", _W, "the name of a skill that its plugin does not have")
CANNOT_SHIP = Code("SW507", "cannot-ship", _E, "a document that needs a file beside it")
MISSING_PARAM = Code("SW601", "missing-param", _E, "a required parameter without a value")
UNKNOWN_PARAM = Code("SW602", "unknown-param", _E, "a parameter that the pattern does not declare")
INVALID_PARAM = Code("SW603", "invalid-param", _E, "a value that the parameter does not allow")
TEMPLATE_ERROR = Code("SW604", "template-error", _E, "a template that cannot be read or does too much")
DIRECTIVE_IN_PARAM = Code("SW605", "directive-in-param", _E, "a directive in a parameter's value")
INVALID_FRONT_MATTER = Code(
    "SW701", "invalid-front-matter", _E, "front matter that is missing or cannot be read", milder=True
)
MISSING_FIELD = Code("SW702", "missing-field", _E, "a skill without a name or a description")
INVALID_NAME = Code("SW703", "invalid-name", _E, "a skill name that the specification refuses")
NAME_MISMATCH = Code("SW704", "name-mismatch", _E, "a skill name that differs from its folder's")
INVALID_FIELD = Code("SW705", "invalid-field", _E, "a front matter value that the specification refuses")
UNPORTABLE_FIELD = Code("SW706", "unportable-field", _W, "a front matter key that a consumer rejects")
SKILL_TOO_LONG = Code("SW707", "skill-too-long", _W, "a skill that is longer than agents read well")
DUPLICATE_SKILL = Code("SW708", "duplicate-skill", _E, "one skill id twice, or what is built already", milder=True)
NESTED_SKILL = Code("SW709", "nested-skill", _W, "a skill inside another skill")
HIDDEN_UNICODE = Code("SW801", "hidden-unicode", _E, "invisible characters that a model reads", excusable=True)
BIDI_CONTROL = Code("SW802", "bidi-control", _E, "characters that change the direction of text", excusable=True)
INHERITED_COMMAND = Code("SW803", "inherited-command", _W, "an included pattern that brings a command run on load")
OUTPUT_COLLISION = Code("SW901", "output-collision", _E, "two files on one output path")
FOREIGN_OUTPUT = Code("SW902", "foreign-output", _E, "something in the output folder that no build wrote")
STALE_OUTPUT = Code("SW903", "stale-output", _E, "an output that is stale, missing or stray")
PACKAGE_TOO_LARGE = Code("SW904", "package-too-large", _E, "an archive that is larger than installers accept")
CANNOT_PACKAGE = Code("SW905", "cannot-package", _E, "an entry that has no place in a package of this kind")

CODES: dict[str, Code] = {
    code.name: code for code in sorted(v for v in globals().copy().values() if isinstance(v, Code))
}
"""Every code by its name, sorted by number."""


def _code(name: str) -> Code:
    return CODES[name]


class Note(NamedTuple):
    """An additional remark. If it has a place, the message is worded so that the place completes the sentence."""

    message: str
    path: SourcePath | None = None
    position: Position | None = None


class Fix(NamedTuple):
    """What cures a finding: sorted, non-overlapping edits of the text that the finding is in.

    A safe fix is the only thing that the author can have meant; any other is a guess.
    """

    safe: bool
    edits: tuple[Edit, ...]


class Problem(NamedTuple):
    """A diagnostic without a path, about a span of one text: what parsing finds, and what a cache can keep."""

    code: Code
    message: str
    span: Span
    help: str | None = None
    note: str | None = None
    severity: Severity | None = None
    """Overrides the code's own severity, if given."""
    inclusion_severity: Severity | None = None
    """The severity once another file includes this one, if it differs."""
    fix: Fix | None = None


class Diagnostic(NamedTuple):
    """A mistake, its place, and what helps.

    `label` is printed behind the carets; `hops` are further places of the same mistake (printed as `:::
    path:line:col`); `notes` follow as `= note:`.
    """

    code: Code
    message: str
    path: SourcePath
    start: Position
    end: Position
    help: str | None = None
    label: str | None = None
    hops: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    severity: Severity = Severity.ERROR
    fix: Fix | None = None

    def sort_key(self) -> tuple[str, Position, str, str]:
        """The order of findings in a report: by path, place, code and message."""
        return (self.path, self.start, self.code.number, self.message)
