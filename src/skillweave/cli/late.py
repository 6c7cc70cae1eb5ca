"""click, loaded only when it is first used: most builds and checks are done in less time than that takes."""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    import click
else:

    class _Late:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever click has)
            import click  # noqa: PLC0415 (that is the point)

            return getattr(click, name)

    click = _Late()

__all__ = ["click"]
