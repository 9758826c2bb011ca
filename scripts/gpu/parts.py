"""Cuts folders into parts for a machine with a size limit for transfers, and joins them there.

It verifies the hash of each part, then of each file. It needs only Python's standard library.
Process: command.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from convergecast.protocol.command_line import Parser, whole_number

MIB = 2**20
PART_MIB, MOST_PART_MIB = 56, 59
MANIFEST = "manifest.json"
_STEP = MIB
_UNFINISHED = ".unfinished"


class PartsError(Exception):
    """What is wrong, in one sentence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part (by name) or a file (by path below the joined folder), with size and hash."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The list of files and of parts; both have the same bytes in the same order."""

    files: list[Piece]
    parts: list[Piece]


def split(folders: Sequence[Path], parts_folder: Path, part_mib: int = PART_MIB) -> Manifest:
    """Cut folders into parts of `part_mib` MiB, the last one smaller, and a manifest beside them.

    Raises:
        PartsError: there is nothing to cut, or the folder of the parts is not empty.
        OSError: a file cannot be read or written.
    """
    sources = _sources(folders)
    parts_folder.mkdir(parents=True, exist_ok=True)
    if any(parts_folder.iterdir()):
        raise PartsError(f"{parts_folder} is not empty: give a new folder for the parts.")
    files: list[Piece] = []
    with _Cutter(parts_folder, part_mib * MIB) as cutter:
        for name, path in sources:
            files.append(_pass_on(name, path, cutter))
    manifest = Manifest(files, cutter.parts)
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    (parts_folder / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


def join(parts_folder: Path, folder: Path) -> Manifest:
    """Verify the parts and write the files that they are made of into a folder.

    Raises:
        PartsError: a part is missing or damaged, or a file has another hash.
        OSError: a file cannot be read or written.
    """
    manifest = _read_manifest(parts_folder)
    _check_parts(parts_folder, manifest.parts)
    content = _Content(parts_folder, manifest.parts)
    for piece in manifest.files:
        target = folder / piece.name
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(target.name + _UNFINISHED)
        if _write(unfinished, content.take(piece.size)) != piece.sha256:
            unfinished.unlink()
            raise PartsError(f"{piece.name} is not what it was when it was cut: cut it again.")
        unfinished.replace(target)
    return manifest


def _sources(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """Return every file with its path below the joined folder, the folder's name first."""
    names = [folder.absolute().name for folder in folders]
    if len(set(names)) < len(names):
        raise PartsError("Two of the folders have the same name: rename one of them.")
    found = []
    for name, folder in zip(names, folders, strict=True):
        if not folder.is_dir():
            raise PartsError(f"{folder} is no folder.")
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        found += [(f"{name}/{path.relative_to(folder).as_posix()}", path) for path in paths]
    if not found:
        raise PartsError("The folders hold no file.")
    return found


class _Cutter:
    """Writes bytes into parts of one size."""

    def __init__(self, folder: Path, part_bytes: int) -> None:
        self.parts: list[Piece] = []
        self._folder = folder
        self._part_bytes = part_bytes
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self._size = 0

    def __enter__(self) -> _Cutter:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_part()

    def write(self, content: bytes) -> None:
        """Add bytes; begin a new part when one is full."""
        rest = memoryview(content)
        while rest:
            if self._file is None:
                self._file = (self._folder / _part_name(len(self.parts))).open("xb")
            piece = rest[: self._part_bytes - self._size]
            self._file.write(piece)
            self._hash.update(piece)
            self._size += len(piece)
            rest = rest[len(piece) :]
            if self._size == self._part_bytes:
                self._end_part()

    def _end_part(self) -> None:
        if self._file is None:
            return
        self._file.close()
        name = _part_name(len(self.parts))
        self.parts.append(Piece(name, self._size, self._hash.hexdigest()))
        self._file, self._hash, self._size = None, hashlib.sha256(), 0


def _part_name(at: int) -> str:
    return f"part-{at + 1:03d}"


def _pass_on(name: str, path: Path, cutter: _Cutter) -> Piece:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while content := file.read(_STEP):
            cutter.write(content)
            digest.update(content)
            size += len(content)
    return Piece(name, size, digest.hexdigest())


def _read_manifest(parts_folder: Path) -> Manifest:
    path = parts_folder / MANIFEST
    try:
        content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
        files, parts = ([Piece(**one) for one in content[kind]] for kind in ("files", "parts"))
    except FileNotFoundError as problem:
        raise PartsError(f"{path} is missing: bring it with the parts.") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise PartsError(f"{path} is damaged: bring it again.") from problem
    for piece in [*files, *parts]:
        place = PurePosixPath(piece.name)
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise PartsError(f"{path} is damaged: {piece.name!r} would be outside its folder.")
    return Manifest(files, parts)


def _check_parts(parts_folder: Path, parts: Sequence[Piece]) -> None:
    """Raise with the names of all missing or damaged parts."""
    missing = [part.name for part in parts if not (parts_folder / part.name).is_file()]
    if missing:
        raise PartsError(f"Of {len(parts)} parts are missing: {', '.join(missing)}.")
    damaged = [part.name for part in parts if _sha256(parts_folder / part.name) != part.sha256]
    if damaged:
        names = ", ".join(damaged)
        raise PartsError(f"Of {len(parts)} parts are damaged: {names}; bring them again.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Content:
    """The bytes of all parts, one after the other."""

    def __init__(self, folder: Path, parts: Sequence[Piece]) -> None:
        self._blocks = self._read(folder, parts)
        self._rest = b""

    def take(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes in blocks."""
        while size:
            block = self._rest or next(self._blocks, b"")
            if not block:
                return
            given, self._rest = block[:size], block[size:]
            size -= len(given)
            yield given

    @staticmethod
    def _read(folder: Path, parts: Sequence[Piece]) -> Iterator[bytes]:
        for part in parts:
            with (folder / part.name).open("rb") as file:
                while block := file.read(_STEP):
                    yield block


def _write(path: Path, blocks: Iterator[bytes]) -> str:
    """Write a file and return its hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def main(words: Sequence[str] | None = None) -> int:
    """Split or join; after an error, print it on standard error and return 1."""
    arguments = _parser().parse_args(words)
    try:
        if arguments.command == "split":
            manifest = split(arguments.folders, arguments.parts, arguments.part_mib)
        else:
            manifest = join(arguments.parts, arguments.folder)
    except PartsError as problem:
        print(f"gpu_parts: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"gpu_parts: {problem.filename}: {problem.strerror}.", file=sys.stderr)
        return 1
    size_mib = sum(piece.size for piece in manifest.files) / MIB
    counts = f"{len(manifest.files)} files, {size_mib:.0f} MiB, {len(manifest.parts)} parts"
    print(f"{arguments.command}: {counts}")
    return 0


def _parser() -> Parser:
    parser = Parser(prog="gpu_parts.sh", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    cut = commands.add_parser("split", help="cut folders into parts")
    cut.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    cut.add_argument("parts", type=Path, metavar="PARTS_DIR", help="a new folder")
    cut.add_argument(
        "--part-mib",
        type=_part_mib,
        default=PART_MIB,
        metavar="N",
        help=f"size of a part, 1 to {MOST_PART_MIB} MiB; {PART_MIB} without it",
    )
    put = commands.add_parser("join", help="verify the parts and write the folders again")
    put.add_argument("parts", type=Path, metavar="PARTS_DIR")
    put.add_argument("folder", type=Path, metavar="FOLDER", help="holds the folders afterwards")
    return parser


def _part_mib(text: str) -> int:
    size = whole_number(text)
    if not 1 <= size <= MOST_PART_MIB:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 1 to {MOST_PART_MIB}")
    return size


if __name__ == "__main__":
    sys.exit(main())
