"""What was found, in words: a line per file, for the reader at a terminal. Process: command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import TracebackType

from convergecast.labels import PERSON, counted, label
from convergecast.messages.results import Face, PictureResult
from convergecast.protocol.texts import is_printable
from convergecast.vision.drawing import NOTHING


class Sentences:
    """Says of each picture what is in it, and of each video what was in it at most at once.

    Args:
        say: prints a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Begin with no video."""
        self._say = say
        self._video: _Video | None = None

    def __enter__(self) -> Sentences:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say what was in the last video."""
        self._end_video()

    def write(self, result: PictureResult, *, path: str, frame: int | None) -> None:
        """Say what a picture shows, or note what a frame shows.

        Args:
            result: of a file.
            path: the file's, as it is shown.
            frame: the number of a video's frame, from 0; None for a picture.
        """
        if frame is None:
            self._end_video()
            self._say(f"{printable(path)}: {_Most(result)}")
            return
        if self._video is None or self._video.path != path or frame == 0:
            self._end_video()
            self._video = _Video(path)
        self._video.add(result)

    def _end_video(self) -> None:
        if self._video is not None:
            self._say(str(self._video))
            self._video = None


class _Most:
    """What was found in a picture, or the most that was found in one frame of a video."""

    def __init__(self, result: PictureResult) -> None:
        """Count what a result has; what was not asked for is counted as none."""
        self._faces = len(result.faces or ())
        self._people = result.people or 0
        self._names = dict.fromkeys(name for face in result.faces or () if (name := _name(face)))
        self._objects = Counter(thing.label for thing in result.objects or ())

    def join(self, other: _Most) -> None:
        """Keep the larger count of each."""
        self._faces = max(self._faces, other._faces)
        self._people = max(self._people, other._people)
        self._names |= other._names
        self._objects |= other._objects

    def __str__(self) -> str:
        """`2 faces (Ann, unknown), 1 person, objects: 2 × chair, dog`; or `nothing found`."""
        parts = []
        if self._faces:
            names = f" ({', '.join(self._names)})" if self._names else ""
            parts.append(counted(self._faces, "face") + names)
        if self._people:
            parts.append(counted(self._people, label(PERSON)))
        if self._objects:
            things = (
                f"{number} × {label}" if number > 1 else label
                for label, number in self._objects.most_common()
            )
            parts.append(f"objects: {', '.join(things)}")
        return ", ".join(parts) or NOTHING


class _Video:
    """What is known of a video up to now."""

    def __init__(self, path: str) -> None:
        """Begin with no frame."""
        self.path = path
        self._frames = 0
        self._most: _Most | None = None

    def add(self, result: PictureResult) -> None:
        """Count a frame."""
        self._frames += 1
        found = _Most(result)
        if self._most is None:
            self._most = found
        else:
            self._most.join(found)

    def __str__(self) -> str:
        """`7 frames; most at once: 1 face`."""
        most = str(self._most)
        title = "" if most == NOTHING else "most at once: "
        return f"{printable(self.path)}: {counted(self._frames, 'frame')}; {title}{most}"


def printable(text: str) -> str:
    """Return a text whose control characters and halves of letters are escaped."""
    return "".join(each if is_printable(each) else ascii(each)[1:-1] for each in text)


def _name(face: Face) -> str:
    if face.identity is None:
        return ""
    if face.identity.state == "perhaps":
        return f"perhaps {face.identity.name}"
    return face.identity.name or "unknown"
