"""click, loaded when something is first asked of it: most builds and checks are over in the time that it takes to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
else:

    class _Late:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever click has)
            import click  # noqa: PLC0415 (that is the point)

            return getattr(click, name)

    click = _Late()

__all__ = ["click"]
