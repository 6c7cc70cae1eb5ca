"""The claims of ARCHITECTURE.md about the code: layers, dependencies, disk access, and startup cost."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "skillweave"

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

ORDER = [
    name.removesuffix(".py").removesuffix("/")
    for name in re.findall(r"^\| \w+ \| `([\w./]+)` \|", ARCHITECTURE, re.MULTILINE)
]
"""Every module and package in the order of the table in ARCHITECTURE.md. Each may import only what comes before it."""

HOMES = {
    "click": {"cli"},
    "markdown_it": {"markdown"},
    "mdit_py_plugins": {"markdown"},
    "yaml": {"front_matter"},
    "jinja2": {"template"},
    "watchdog": {"watch"},
}
"""The only modules or packages that may import each dependency."""

ON_DISK = {
    *(
        "stamps",
        "regular",
        "listing",
        "locking",
        "cachedir",
        "replay",
        "config",
        "files",
        "rewrite",
        "state",
        "unchanged",
        "saved",
        "store",
        "beside",
        "alone",
    ),
    *("publish", "move", "package", "explain", "starter", "watch", "cli", "__main__"),
}
"""The modules that may touch the disk: for the project, their own files or pages, the cache, or the working directory; or to
end the process.
"""

DISK_MODULES = {"fileinput", "glob", "importlib", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile"}
"""Modules that reach outside the process. Importing only types from them is allowed, since an annotation opens no file."""

DISK_METHODS = {
    *("exists", "is_dir", "is_file", "iterdir", "lstat", "resolve", "rglob", "stat"),
    *("open", "read_bytes", "read_text"),
    *("mkdir", "rename", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text"),
}
"""Methods that touch the disk through a path object created elsewhere."""


BOUNDED = {
    "cache.py: .get": "it asks a mapping",
    "codec.py: _decoder _made _many _union make": "our own types nest in each other, and front matter as deep as was checked",
    "cli/group.py: .shell_complete": "it asks click",
    "files.py: .read _all_of": "it asks the system",
    "flatten/values.py: .report": "it has the graph report",
    "move/overlay.py: ._listed .listing": "it asks the tree under it, which is the disk",
    "move/overlay.py: .read": "it asks the tree under it, which is the disk",
    "move/overlay.py: .resolve_link": "it asks the tree under it, which is the disk",
    "publish/planning.py: .get": "it asks a mapping",
    "template/checks.py: .find": "it asks the scan",
    "template/compiling.py: _numbered": "`if`s nest as deep as was checked",
}
"""The functions (methods with a leading dot) of a file that may call themselves, and why the recursion is shallow."""


class Import(NamedTuple):
    """One imported module, and the place of the import."""

    importer: str
    """The top-level module or package that contains the import."""
    name: str
    """The full name, such as `skillweave.markdown.rules`."""
    place: str
    for_types: bool
    """Whether the import is under `if TYPE_CHECKING`."""


def files() -> Iterator[tuple[str, str, ast.Module]]:
    """Every source file: its top-level module, its path, and its syntax tree."""
    for path in sorted(SOURCE.rglob("*.py")):
        below = path.relative_to(SOURCE)
        yield below.parts[0].removesuffix(".py"), below.as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imports() -> Iterator[Import]:
    """Every import of every file, including those in functions and those for types only."""
    for importer, path, tree in files():
        typing_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            for statement in node.body
            for inner in ast.walk(statement)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in imported(node):
                    yield Import(importer, name, f"{path}:{node.lineno}", id(node) in typing_only)


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that a statement imports. `from a import b` counts as `a.b` if that is one of our modules."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, "relative imports hide who imports whom"
    module = node.module or ""
    return [name if is_ours(name := f"{module}.{alias.name}") else module for alias in node.names]


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module or package of skillweave."""
    path = SOURCE.parent / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def top_modules() -> set[str]:
    """The modules and packages directly below `skillweave`, without its own `__init__`."""
    found = {path.stem for path in SOURCE.glob("*.py")} | {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    return found - {"__init__"}


IMPORTS = tuple(imports())


def test_every_module_has_a_layer() -> None:
    assert sorted(ORDER) == sorted(top_modules()), "put a new module into the table of ARCHITECTURE.md"


def test_a_module_imports_only_what_stands_before_it() -> None:
    upward = [
        f"{found.place}: {found.importer} imports {target}"
        for found in IMPORTS
        for top, _, rest in [found.name.partition(".")]
        for target in [rest.partition(".")[0]]
        if top == "skillweave" and target and target != found.importer
        if ORDER.index(target) >= ORDER.index(found.importer)
    ]
    assert upward == []


def test_packages_have_no_import_cycles() -> None:
    """Inside a package, the imports that run when a module is loaded must not form a cycle."""
    edges: dict[str, set[str]] = {}
    for _, path, tree in files():
        name = "skillweave." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        edges[name] = {target for node in tree.body if isinstance(node, ast.ImportFrom) for target in imported(node)}
    done: set[str] = set()
    while ready := {name for name in edges.keys() - done if not (edges[name] & edges.keys()) - done}:
        done |= ready
    assert edges.keys() - done == set()


@pytest.mark.parametrize("dependency", HOMES)
def test_a_dependency_has_one_home(dependency: str) -> None:
    importers = {found.importer for found in IMPORTS if found.name.partition(".")[0] == dependency}
    assert importers <= HOMES[dependency]


def test_nothing_else_is_imported() -> None:
    known = sys.stdlib_module_names | HOMES.keys() | {"skillweave"}
    assert [found.place for found in IMPORTS if found.name.partition(".")[0] not in known] == []


def test_only_some_touch_the_disk() -> None:
    reaching = [
        f"{found.place}: imports {found.name}"
        for found in IMPORTS
        if found.importer not in ON_DISK and not found.for_types
        if found.name.partition(".")[0] in DISK_MODULES
    ]
    assert reaching + list(disk_calls()) == []


def disk_calls() -> Iterator[str]:
    for importer, path, tree in files():
        for node in ast.walk(tree):
            if importer in ON_DISK or not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name("open"):
                    yield f"{path}:{node.lineno}: opens a file"
                case ast.Attribute(attr=method) if method in DISK_METHODS:
                    yield f"{path}:{node.lineno}: calls {method}"
                case _:
                    pass


@pytest.mark.parametrize("module", ["skillweave.cli.group", "skillweave.__main__"])
def test_a_start_loads_click_and_nothing_heavy(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    loaded = set(json.loads(done.stdout))
    heavy = {"markdown_it", "mdit_py_plugins", "jinja2", "yaml", "watchdog", "tomllib"}
    assert heavy & loaded == set()
    before_all = {
        "skillweave.__main__",
        "skillweave.replay",
        "skillweave.cachedir",
        "skillweave.listing",
        "skillweave.locking",
        "skillweave.streams",
        "skillweave.record",
        "skillweave.stamps",
        "skillweave.typed",
    }
    ours = {name for name in loaded if name.startswith("skillweave.") and not name.startswith("skillweave.cli")}
    assert ours <= before_all
    assert ("click" in loaded) is (module == "skillweave.cli.group")


def test_an_edit_of_words_loads_nothing_that_only_a_type_checker_needs(tmp_path: Path) -> None:
    """Loading `typing` takes longer than the edit's own work, and so does a parser."""
    project = tmp_path / "project"
    for path, text in (
        ("skillweave.toml", ""),
        ("patterns/p.md", "A pattern in some words.\n"),
        ("skills/s/SKILL.md", SKILL),
    ):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")
    assert "skillweave.build" in loaded_by_a_build(project)  # the cold build, which needs the whole compiler
    (project / "patterns/p.md").write_text("A pattern in other words.\n", encoding="utf-8")
    loaded = loaded_by_a_build(project)
    assert "in other words" in (project / "build/skills/s/SKILL.md").read_text(encoding="utf-8")
    assert "skillweave.incremental.rewording" in loaded
    assert loaded.isdisjoint({"typing", "dataclasses", "click", "tomllib", "markdown_it", "skillweave.build"})


SKILL = "---\nname: s\ndescription: Use this skill when a word changes.\n---\n\n<<include: p.md>>\n"


def loaded_by_a_build(project: Path) -> set[str]:
    """The modules that a build of a project loads."""
    build = "from skillweave.__main__ import run; status = run(['build', '--quiet'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{build}; import json, sys; print(json.dumps([status, *sys.modules]))"],
        cwd=project,
        capture_output=True,
        check=True,
        timeout=60,
    )
    status, *modules = json.loads(done.stdout)
    assert status == 0, done.stderr
    return set(modules)


def test_no_function_calls_itself() -> None:
    """Authors decide how deeply things nest, so no function may recurse, neither directly nor through others in its file."""
    assert {f"{path}: {ring}" for _, path, tree in files() for ring in rings(tree)} == BOUNDED.keys()


def rings(tree: ast.Module) -> set[str]:
    """The groups of functions in a file that call each other in a cycle. A method is written `.name`, whatever its class."""
    methods = {id(node) for found in ast.walk(tree) if isinstance(found, ast.ClassDef) for node in found.body}
    uses: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            uses.setdefault(f".{node.name}" if id(node) in methods else node.name, set()).update(used(node))
    reached = {name: {use for use in found if use in uses} for name, found in uses.items()}
    for through in uses:
        for found in reached.values():
            found.update(reached[through] if through in found else ())
    return {
        " ".join(sorted(other for other in found if name in reached[other]))
        for name, found in reached.items()
        if name in found
    }


def used(function: ast.FunctionDef) -> Iterator[str]:
    """The functions that a function refers to and the methods that it calls, except its local names and calls on `super()`."""
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom):
            own |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
    for node in ast.walk(function):
        match node:
            case ast.Name(name, ast.Load()) if name not in own:
                yield name
            case ast.Call(ast.Attribute(value, name)) if not ast.unparse(value).startswith("super("):
                yield f".{name}"
            case _:
                pass


def test_rules_cited_in_docstrings_exist_in_the_reference() -> None:
    """A mention such as `(directives.md, Splicing)` in a docstring must name an existing heading of that page."""
    named = {
        found
        for path in (ROOT / "src").rglob("*.py")
        for found in re.findall(r"\((directives|cli)\.md, ([^)]+)\)", path.read_text(encoding="utf-8"))
    }
    pages = {name: (ROOT / f"docs/reference/{name}.md").read_text(encoding="utf-8") for name, _ in named}
    assert [(page, heading) for page, heading in named if not re.search(rf"(?m)^##+ {heading}$", pages[page])] == []
    assert len(named) > 10


def test_architecture_names_only_tests_that_exist() -> None:
    tests = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", ARCHITECTURE)
    assert len(tests) > 30
    for file, name in tests:
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert not name or f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"
