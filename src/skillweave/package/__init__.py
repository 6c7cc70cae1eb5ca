"""Turns bundles into packages, ready to be installed: an archive for each skill, or a plugin for each namespace. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from skillweave.bundle import Output
from skillweave.config import read_configuration
from skillweave.diagnostics import (
    CANNOT_PACKAGE,
    NESTED_SKILL,
    OUTPUT_COLLISION,
    PACKAGE_TOO_LARGE,
    PATH_NOT_PORTABLE,
    Code,
    Diagnostic,
    Note,
)
from skillweave.package.archive import zip_archive
from skillweave.package.plugin import MANIFEST, MARKETPLACE, marketplace_json, plugin_json
from skillweave.package.portable import strip_unportable
from skillweave.package.provenance import STATEMENT_NAME, statement
from skillweave.record import NamedTuple
from skillweave.source import START, folded, unportable_part
from skillweave.stamps import digest
from skillweave.toml.plugins import PLUGIN_NAME
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from skillweave.build import Compiled
    from skillweave.bundle import Bundle
    from skillweave.config import Config
    from skillweave.project import Entry

MAX_FILES, MAX_BYTES = 200, 30_000_000
"""The most files and bytes of one skill that installers accept."""


_SHELVES = ("agents", "commands")
"""The folders of a plugin for documents. A document goes there from a document root of the same name."""


class Wish(NamedTuple):
    """What was asked for. If `named`, entries were named, and what cannot be packaged is an error; otherwise it is left out."""

    form: Literal["zip", "skill", "plugin"]
    strip: bool
    provenance: bool
    epoch: int | None
    named: bool


class Package(NamedTuple):
    """One archive, or one plugin folder: its name in the target folder, and its files. `placed` gives their paths there."""

    name: str
    files: tuple[Output, ...]
    bundles: tuple[Bundle, ...]
    is_folder: bool

    def placed(self) -> tuple[Output, ...]:
        """The files, with their paths relative to the target folder."""
        if not self.is_folder:
            return self.files
        return tuple(file._replace(path=f"{self.name}/{file.path}") for file in self.files)


@dataclass(slots=True)
class Packages:
    """Everything that was made, the findings on the way, and notes for people to read."""

    made: list[Package] = field(default_factory=list)
    extras: list[Output] = field(default_factory=list)
    """Files about all packages: the marketplace (none if a plugin could not be made) and the provenance."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def package(config: Config, compiled: Compiled, wish: Wish) -> Packages:
    """Make the packages of all compiled bundles. One that is refused is reported and not made."""
    packages = Packages()
    bundles = [bundle for bundle in compiled.bundles if _may_be_packaged(compiled, bundle, packages)]
    prepared = [bundle for bundle in (_prepare(config, bundle, wish, packages) for bundle in bundles) if bundle]
    if wish.form == "plugin":
        _plugins(config, compiled, prepared, packages)
    else:
        _archives(prepared, wish, packages)
    if wish.provenance and packages.made:
        packages.extras.append(_statement(config, wish, packages))
    return packages


def namespace(entry: Entry, config: Config) -> str:
    """The plugin that an entry goes into: the first part of its id, or, if the id has no namespace and only one plugin is
    configured, that one.
    """
    first, colon, _ = entry.id.partition(":")
    return next(iter(config.plugins)) if not colon and len(config.plugins) == 1 else first


def _report(packages: Packages, code: Code, entry: Entry, message: str, **more: object) -> None:
    packages.diagnostics.append(Diagnostic(code, message, entry.path, START, START, **more))  # type: ignore[arg-type]


# What holds for every form


def _may_be_packaged(compiled: Compiled, bundle: Bundle, packages: Packages) -> bool:
    """Whether a bundle may be packaged, which is reported if not: a skill must not contain another one, as installers look for
    exactly one SKILL.md, nor a path that some system cannot have.
    """
    entry = bundle.entry
    if entry.kind == "document":
        return True
    inner = [other for other in compiled.project.entries if other.outer == entry.id]
    if inner:
        _report(
            packages,
            NESTED_SKILL,
            entry,
            f"{entry.id} contains another skill, {inner[0].id}, but installers accept only one in a package",
            help=f"move {inner[0].folder} next to {entry.folder}",
        )
        return False
    found = len(packages.diagnostics)
    for output in bundle.outputs:
        below = output.path[len(entry.folder) + 1 :]
        part = unportable_part(below)
        if part is not None:
            message = f'{entry.id} contains {below}, but not every system allows a file or folder "{part}"'
            _report(packages, PATH_NOT_PORTABLE, entry, message, help="rename it")
        if output.path.endswith("/SKILL.md") and output.path != entry.path:
            message = f"the bundle of {entry.id} contains a second SKILL.md, {below}"
            _report(packages, NESTED_SKILL, entry, message, help="ship it under a different name")
    return len(packages.diagnostics) == found


def _prepare(config: Config, bundle: Bundle, wish: Wish, packages: Packages) -> Bundle | None:
    """The bundle, on request with a SKILL.md that every configured consumer accepts; None if that cannot be made, which is
    reported.
    """
    entry = bundle.entry
    main = next(output for output in bundle.outputs if output.path == entry.path)
    if not wish.strip or entry.kind == "document":
        return bundle
    stripped = strip_unportable(main.data.decode(), config.consumers)
    if stripped is None:
        message = f"the keys of {entry.path} that its consumers reject cannot be removed"
        _report(packages, CANNOT_PACKAGE, entry, message, help="write one key on a line")
        return None
    if not stripped.names:
        return bundle
    refusing = ", ".join(config.consumers) or "the agent-skills specification"
    packages.notes.append(f"left out {', '.join(stripped.names)} of {entry.path}: not portable to {refusing}")
    changed = main._replace(data=stripped.text.encode())
    outputs = tuple(changed if output is main else output for output in bundle.outputs)
    return bundle._replace(outputs=outputs)


def _statement(config: Config, wish: Wish, packages: Packages) -> Output:
    """The provenance of everything that was made. The configuration counts as a source."""
    bundles = [bundle for made in packages.made for bundle in made.bundles]
    sources = {path: value for bundle in bundles for path, value in bundle.inputs.items()}
    if config.file is not None and not config.file.startswith("/"):
        sources[config.file] = digest(read_configuration(config))
    entries = sorted(bundle.entry.id for bundle in bundles)
    parameters: dict[str, object] = {"as": wish.form, "entries": entries, "stripUnportable": wish.strip}
    if wish.epoch is not None:
        parameters["sourceDateEpoch"] = wish.epoch
    files = [file for made in packages.made for file in made.placed()]
    return Output(STATEMENT_NAME, statement([*files, *packages.extras], sources, parameters), 0o644)


def _collision(packages: Packages, name: str, entry: Entry, first: Entry) -> None:
    _report(
        packages,
        OUTPUT_COLLISION,
        entry,
        f"{entry.id} and {first.id} would both become {name}",
        help="rename one of them",
        notes=(Note("first used by", first.path, START),),
    )


# Archives


def _archives(bundles: Iterable[Bundle], wish: Wish, packages: Packages) -> None:
    """Make an archive for each skill: it has the skill's folder at the top, and is named by the skill's id."""
    taken: dict[str, Entry] = {}
    for bundle in bundles:
        entry = bundle.entry
        if entry.kind == "document":
            if wish.named:
                message = f"{entry.id} is a document, but archives contain skills"
                _report(packages, CANNOT_PACKAGE, entry, message, help="package it with --as plugin")
            continue
        name = f"{entry.id.replace(':', '-')}.{wish.form}"
        first = taken.setdefault(folded(name), entry)
        if first is not entry:
            _collision(packages, name, entry, first)
            continue
        files = _below_folder(bundle)
        data = zip_archive(entry.folder.rpartition("/")[2], files, wish.epoch)
        if len(files) > MAX_FILES:
            message = f"{entry.id} has {len(files)} files, but installers accept only {MAX_FILES}"
            _report(packages, PACKAGE_TOO_LARGE, entry, message, help="ship fewer files")
        elif len(data) > MAX_BYTES:
            message = f"{entry.id} has {len(data):,} bytes, but installers accept only {MAX_BYTES:,}"
            _report(packages, PACKAGE_TOO_LARGE, entry, message, help="ship less, or let the skill download it")
        else:
            packages.made.append(Package(name, (Output(name, data, 0o644),), (bundle,), is_folder=False))


def _below_folder(bundle: Bundle) -> list[Output]:
    cut = len(bundle.entry.folder) + 1
    return [output._replace(path=output.path[cut:]) for output in bundle.outputs]


# Plugins


def _plugins(config: Config, compiled: Compiled, bundles: Sequence[Bundle], packages: Packages) -> None:
    """Make a plugin for each namespace. One that would lack an entry is not made. There is a marketplace only if all plugins
    are made.
    """
    groups: dict[str, list[Entry]] = {}
    wanted: dict[str, list[Entry]] = {}
    named = {entry.path for entry in compiled.entries}
    for entry in compiled.project.entries:
        if entry.kind == "skill" or entry.folder.rpartition("/")[2] in _SHELVES:
            groups.setdefault(namespace(entry, config), []).append(entry)
            if entry.path in named:
                wanted.setdefault(namespace(entry, config), []).append(entry)
        elif entry.path in named:
            packages.notes.append(f"left out {entry.path}: a plugin has places only for {' and '.join(_SHELVES)}")
    by_path = {bundle.entry.path: bundle for bundle in bundles}
    for name, entries in sorted(wanted.items()):
        broken = [entry.id for entry in entries if entry.path not in by_path]
        unnamed = [entry.id for entry in groups[name] if entry.path not in named]
        if unnamed:
            message = f"plugin {name} would lack {', '.join(unnamed)}, as only some of its entries are named"
            _report(packages, CANNOT_PACKAGE, entries[0], message, help="name all of its entries, or no entry")
        elif broken:
            packages.notes.append(f"plugin {name} is not created: it would lack {', '.join(broken)}")
        elif not PLUGIN_NAME.fullmatch(name):
            cure = "use a to z, 0 to 9, and single hyphens between them"
            _report(packages, CANNOT_PACKAGE, entries[0], f'"{name}" is not a valid name for a plugin', help=cure)
        else:
            parts = tuple(by_path[entry.path] for entry in entries)
            files = _plugin_files(parts, packages)
            if files is not None:
                manifest = plugin_json(name, config.plugins.get(name, {}))
                files.append(Output(MANIFEST, manifest, 0o644))
                packages.made.append(Package(name, tuple(sorted(files)), parts, is_folder=True))
    if packages.made and wanted.keys() < groups.keys():
        packages.notes.append(f"{MARKETPLACE} is not written, as only some plugins are packed")
    if groups and len(packages.made) == len(groups):
        plugins = [(made.name, config.plugins.get(made.name, {})) for made in packages.made]
        packages.extras.append(Output(MARKETPLACE, marketplace_json(plugins), 0o644))


def _plugin_files(bundles: Iterable[Bundle], packages: Packages) -> list[Output] | None:
    """The files of a plugin's entries, laid out as a plugin; None if two of them go to the same place, which is reported."""
    taken: dict[str, Entry] = {}
    files: list[Output] = []
    for bundle in bundles:
        entry = bundle.entry
        shelf = "skills" if entry.kind == "skill" else entry.folder.rpartition("/")[2]
        below = entry.path[len(entry.folder) + 1 :]
        place = f"skills/{entry.folder.rpartition('/')[2]}" if entry.kind == "skill" else f"{shelf}/{below}"
        first = taken.setdefault(folded(place), entry)
        if first is not entry:
            _collision(packages, place, entry, first)
            return None
        if entry.kind == "skill":
            files += [file._replace(path=f"{place}/{file.path}") for file in _below_folder(bundle)]
        else:
            files += [output._replace(path=place) for output in bundle.outputs]
    return files
