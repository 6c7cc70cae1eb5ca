"""What a run said that found nothing changed, kept for the next one, which then only has to say it: see `replay`."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISREG
from time import time_ns
from typing import TYPE_CHECKING

from skillweave.cli.common import is_configured
from skillweave.cli.options import OWN_FORMATS, Options
from skillweave.replay import Said, keep, leads_to
from skillweave.stamps import SETTLED, digest, is_settled, stamp, unsettled

if TYPE_CHECKING:
    from skillweave.config import Config
    from skillweave.incremental import Outcome
    from skillweave.replay import Seen


def remember(options: Options, config: Config, outcome: Outcome, said: Said, started: int) -> None:
    """Keep what a run has said, if the next may say no more. `started`: before the configuration was read, in ns.

    `said` has to be all that was printed; it depends on nothing but the state that the outcome repeats, the arguments, and
    the configuration.
    """
    is_elsewhere = options.root or options.config or options.output or config.root != Path.cwd()
    is_more = options.output_file or options.verbose or options.select is not None or options.ignore
    # Annotations depend on where the repository begins; on Windows it takes click to print.
    is_foreign = options.format not in OWN_FORMATS or os.name == "nt"
    if outcome.repeats is None or not outcome.entries or is_elsewhere or is_more or is_foreign:
        return
    from skillweave.state import seen  # noqa: PLC0415 (loaded when there is an outcome)

    arguments, settled = options.arguments, started - SETTLED
    depended = seen(outcome.repeats, config.output, is_built=arguments[0] == "build")
    # It may have been edited since it was read: what is kept of it has to be what was meant.
    if depended is None or not _add_configuration(depended, config) or not is_configured(options, config):
        return
    # A report shows lines of files that no build read, such as a skill's whose name another one has.
    shown = {diagnostic.path for diagnostic in outcome.diagnostics} - outcome.repeats.files.keys()
    if all(_add(depended, config.root / path, settled) for path in shown):
        keep(config.root, arguments, said, depended)


def _add_configuration(seen: Seen, config: Config) -> bool:
    """Add what the configuration was found by; False if that may change and not show it."""
    from skillweave.config import LOCK_NAME, hidden_roots, looked_for  # noqa: PLC0415 (likewise)

    root = os.fspath(config.root)
    leads = leads_to(root, config.output)
    is_diverted = not leads.endswith(f" {config.output}")
    # Without a configuration, a folder of outputs is no project's: which one it is, folders above it say.
    is_output = config.file is None and os.path.lexists(f"{root}/{LOCK_NAME}")
    if is_diverted or is_output:
        return False
    seen.links.append((config.output, leads))
    seen.shown = sorted(hidden_roots(config))
    return all(_add(seen, path) for path in looked_for(config))


def _add(seen: Seen, path: Path, settled: int | None = None) -> bool:
    """Add a file as it is now, or that it is not there; False if it may have changed since a moment and not show it."""
    try:
        status = path.lstat()
        is_old = settled is None or status.st_mtime_ns < settled > status.st_ctime_ns
        if not S_ISREG(status.st_mode) or not is_old:
            return False
        now = stamp(status)
        believed = now if is_settled(now, time_ns()) else unsettled(now)
        seen.outputs.append((str(path), believed, digest(path.read_bytes())))
    except FileNotFoundError:
        seen.absent.append(str(path))
    except OSError:
        return False
    return True
