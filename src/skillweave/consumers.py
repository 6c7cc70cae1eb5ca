"""The front matter keys that the agent-skills specification knows, and the further keys that each consumer accepts."""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# https://agentskills.io/specification
SPECIFICATION = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})

CONSUMERS: Mapping[str, frozenset[str]] = {
    # https://code.claude.com/docs/en/skills (frontmatter reference)
    "claude-code": frozenset(
        {
            *("when_to_use", "argument-hint", "disable-model-invocation", "user-invocable", "model", "effort"),
            *("context", "agent", "hooks", "paths", "shell"),
        }
    ),
    # https://github.com/openai/codex, codex-rs/core/src/skills/loader.rs: reads name, description and metadata
    "codex": frozenset(),
    # https://cursor.com/docs/skills
    "cursor": frozenset({"disable-model-invocation"}),
    # https://geminicli.com/docs/cli/skills: reads name and description
    "gemini": frozenset(),
    # https://opencode.ai/docs/skills
    "opencode": frozenset(),
    # https://code.visualstudio.com/docs/agent-customization/agent-skills, and promptValidator.ts in microsoft/vscode
    "vscode": frozenset({"argument-hint", "user-invocable", "disable-model-invocation", "context"}),
}
"""The keys that each consumer accepts besides those of the specification."""


def refusing(key: str, consumers: Sequence[str]) -> list[str]:
    """Who refuses a front matter key: some of the consumers or, without consumers, the specification."""
    if key in SPECIFICATION:
        return []
    if not consumers:
        return ["the agent-skills specification"]
    return [consumer for consumer in consumers if key not in CONSUMERS.get(consumer, frozenset())]
