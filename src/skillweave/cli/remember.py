"""Keeps what a run printed that found nothing changed, so that the next run only has to print it again: see `replay`."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISREG
from time import time_ns

from skillweave.cli.common import is_configured
from skillweave.cli.options import OWN_FORMATS, Options
from skillweave.replay import Answer, keep, leads_to
from skillweave.stamps import digest, is_old, is_settled, stamp, unsettled
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.config import Config
    from skillweave.incremental import Outcome
    from skillweave.replay import Seen


def remember(options: Options, config: Config, outcome: Outcome, answer: Answer, started: int) -> None:
    """Keep what a run has printed, if the next run may simply repeat it. `started` is a moment before the configuration was
    read, in nanoseconds.

    `answer` must be everything that was printed. It depends only on the state that the outcome repeats, on the arguments and on
    the configuration.
    """
    is_elsewhere = options.root or options.config or options.output or config.root != Path.cwd()
    is_more = options.output_file or options.verbose or options.select is not None or options.ignore
    # Annotations depend on where the repository begins; on Windows, printing needs click.
    is_foreign = options.format not in OWN_FORMATS or os.name == "nt"
    if outcome.repeats is None or not outcome.entries or is_elsewhere or is_more or is_foreign:
        return
    from skillweave.config import JOURNAL  # noqa: PLC0415 (loaded when there is an outcome)

    if os.path.lexists(config.root / JOURNAL):
        return
    from skillweave.state import seen  # noqa: PLC0415 (loaded when there is an outcome)

    arguments = options.arguments
    depended = seen(outcome.repeats, config.output, is_built=arguments[0] == "build")
    # The configuration may have been edited since it was read: what is recorded of it must be what was used.
    if depended is None or not _add_configuration(depended, config) or not is_configured(options, config):
        return
    # A report shows lines of files that no build has read, such as a skill whose name is already taken by another one.
    shown = {diagnostic.path for diagnostic in outcome.diagnostics} - outcome.repeats.files.keys()
    if all(_add(depended, config.root / path, started) for path in shown):
        keep(config.root, arguments, answer, depended)


def _add_configuration(seen: Seen, config: Config) -> bool:
    """Record what the configuration was found by. Returns False if that might change unnoticed."""
    from skillweave.config import LOCK_NAME, hidden_roots, looked_for  # noqa: PLC0415 (likewise)

    root = os.fspath(config.root)
    leads = leads_to(root, config.output)
    is_diverted = not leads.endswith(f" {config.output}")
    # Without a configuration, an output folder is not a project's folder: which one is, depends on the folders above.
    is_output = config.file is None and os.path.lexists(f"{root}/{LOCK_NAME}")
    if is_diverted or is_output:
        return False
    seen.symlinks.append((config.output, leads))
    seen.shown = sorted(hidden_roots(config))
    return all(_add(seen, path) for path in looked_for(config))


def _add(seen: Seen, path: Path, moment: int | None = None) -> bool:
    """Record a file as it is now, or that it does not exist. Returns False if it may have changed since `moment` (in ns), or
    if changes might go unnoticed.
    """
    try:
        status = path.lstat()
        if not S_ISREG(status.st_mode) or not (moment is None or is_old(status, moment)):
            return False
        now = stamp(status)
        believed = now if is_settled(now, time_ns()) else unsettled(now)
        seen.outputs.append((str(path), believed, digest(path.read_bytes())))
    except FileNotFoundError:
        seen.absent.append(str(path))
    except OSError:
        return False
    return True
