"""YAML read strictly: what safe loaders let pass in silence is refused with its line and column."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from stageline.exceptions import SpecError
from stageline.spec.wording import KeyPath, dotted, quoted
from stageline.spec.yaml_scalars import plain_value

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 10_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML 1.2 allows in a file (https://yaml.org/spec/1.2.2/#51-character-set).
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Node:
    """A value with its position, the position of each of its entries, and its size with aliases expanded."""

    value: Any
    line: int
    column: int
    entries: dict[str | int, tuple[int, int, "_Node"]] = field(default_factory=dict)
    size: int = 1
    height: int = 1

    def add(self, key: str | int, line: int, column: int, child: "_Node") -> None:
        self.entries[key] = (line, column, child)
        self.size += child.size
        self.height = max(self.height, child.height + 1)


@dataclass(frozen=True)
class Document:
    """A YAML file's data and where each part of it stands.

    :param file: Name of the file, as errors show it.
    :param value: The data: dictionaries with text keys, lists, text, numbers, booleans, None.
    """

    file: str
    value: dict[str, Any]
    _root: _Node = field(repr=False)

    def position(self, path: KeyPath) -> tuple[int, int]:
        """Return line and column (from 1) of a key or list entry, or of its nearest existing parent."""
        node = self._root
        line, column = node.line, node.column
        for part in path:
            if part not in node.entries:
                break
            line, column, node = node.entries[part]
        return line, column

    def line(self, path: KeyPath) -> int:
        """Return the line (from 1) of a key or list entry, or of its nearest existing parent."""
        return self.position(path)[0]


def parse_yaml(text: str | bytes, *, file: str) -> Document:
    """Return the one mapping that a YAML file holds.

    Scalars follow the core schema of YAML 1.2; quoted ones are text.

    :param text: The file's content; bytes must be UTF-8.
    :param file: Name of the file, for errors.
    :raises SpecError: Malformed YAML, a duplicate or non-text key, a tag, an alias cycle, a number that is
        not finite, more than one document, or a file that is empty, too large or too deep.
    """
    content = _decoded(text, file)
    unprintable = _UNPRINTABLE.search(content)
    if unprintable:
        line = content.count("\n", 0, unprintable.start()) + 1
        column = unprintable.start() - content.rfind("\n", 0, unprintable.start())
        raise SpecError(
            f"{file}:{line}:{column}: the character U+{ord(unprintable.group()):04X} may not stand in YAML; "
            "remove it, or write it as an escape in double quotes"
        )
    root = _Composer(content, file).document()
    return Document(file, root.value, root)


def _decoded(text: str | bytes, file: str) -> str:
    try:
        data = text.encode() if isinstance(text, str) else text
        if len(data) > MAX_BYTES:
            raise SpecError(f"{file}: the file is larger than {MAX_BYTES // 1024} KiB; a spec is a page of text")
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{file}: byte {error.start} (0x{data[error.start]:02x}) is not UTF-8; save the file as UTF-8"
        ) from error
    except UnicodeEncodeError as error:
        raise SpecError(f"{file}: character {error.start} is half of a surrogate pair, not text") from error


class _Composer:
    """Builds nodes from the parser's events.

    `yaml.compose` is not used: on 200,000 opening brackets its C version overflows the stack and ends the
    process, while events let the depth be watched before going down.
    """

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._loader = _Loader(text)
        self._anchors: dict[str, _Node | KeyPath] = {}  # a path: the node is still being read
        self._path: list[str | int] = []
        self._nodes = 0

    def document(self) -> _Node:
        try:
            self._next()  # the stream's start
            if isinstance(self._next(), yaml.StreamEndEvent):
                raise SpecError(f"{self._file}:1:1: the file is empty; expected a mapping that begins with 'pipeline:'")
            root = self._node(self._next(), depth=1)
            if not isinstance(root.value, dict):
                self._refuse(root.line, root.column, "expected a mapping of keys such as 'pipeline: NAME'")
            self._next()  # the document's end
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                self._refuse(*_position(event), "a second document begins here; a file holds one pipeline")
            return root
        finally:
            self._loader.dispose()

    def _next(self) -> Any:
        try:
            return self._loader.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            said = ", ".join(part for part in (error.context, error.problem) if part)
            raise SpecError(f"{self._file}{where}: malformed YAML: {said}") from error
        except yaml.YAMLError as error:
            raise SpecError(f"{self._file}: malformed YAML: {' '.join(str(error).split())}") from error

    def _refuse(self, line: int, column: int, message: str) -> None:
        raise SpecError(f"{self._file}:{line}:{column}: {message}")

    def _node(self, event: Any, *, depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            node = self._aliased(event)
            self._count(event, node.size, depth + node.height - 1)
            return node
        self._count(event, 1, depth)
        if event.tag is not None:
            self._refuse(*_position(event), f"the tag {quoted(event.tag)} is not accepted; write a plain value")
        if event.anchor is not None:
            self._anchors[event.anchor] = tuple(self._path)
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(self._scalar(event), *_position(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, depth)
        else:
            node = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _count(self, event: Any, nodes: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._refuse(*_position(event), f"nested deeper than {MAX_DEPTH} levels")
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(*_position(event), f"more than {MAX_NODES:,} values, with aliases written out")

    def _scalar(self, event: Any) -> str | float | bool | None:
        if not event.implicit[0]:  # quoted, or a block of text
            return str(event.value)
        try:
            return plain_value(event.value)
        except ValueError as error:
            raise SpecError(f"{self._at(event)}: {self._key()}{error}") from error

    def _list(self, start: Any, depth: int) -> _Node:
        node = _Node([], *_position(start))
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            index = len(node.value)
            self._path.append(index)
            child = self._node(event, depth=depth + 1)
            self._path.pop()
            node.value.append(child.value)
            node.add(index, *_position(event), child)
        return node

    def _mapping(self, start: Any, depth: int) -> _Node:
        node = _Node({}, *_position(start))
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._mapping_key(event)
            line, column = _position(event)
            if key in node.entries:
                first = node.entries[key][0]
                self._refuse(line, column, f"duplicate key {quoted(key)}; it stands on line {first} already")
            self._path.append(key)
            child = self._node(self._next(), depth=depth + 1)
            self._path.pop()
            node.value[key] = child.value
            node.add(key, line, column, child)
        return node

    def _mapping_key(self, event: Any) -> str:
        where = _position(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(*where, "a key must be text, not an alias, a list or a mapping")
        if event.tag is not None or event.anchor is not None:
            self._refuse(*where, "a key may have neither a tag nor an anchor")
        key = self._scalar(event)
        if not isinstance(key, str):
            self._refuse(*where, f"the key {quoted(event.value)} is not text; put it in quotes")
        if key == "<<":
            self._refuse(*where, "merge keys (<<) are not part of YAML 1.2; write the keys out")
        return str(key)

    def _aliased(self, event: Any) -> _Node:
        if event.anchor not in self._anchors:
            self._refuse(*_position(event), f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if isinstance(node, _Node):
            return node
        steps = [self._path[:end] for end in range(len(node), len(self._path) + 1)]
        cycle = " → ".join([*(dotted(tuple(step)) or "(root)" for step in steps), dotted(node) or "(root)"])
        raise SpecError(f"{self._at(event)}: the alias *{event.anchor} contains itself, a cycle: {cycle}")

    def _at(self, event: Any) -> str:
        line, column = _position(event)
        return f"{self._file}:{line}:{column}"

    def _key(self) -> str:
        return f"{dotted(tuple(self._path))}: " if self._path else ""


def _position(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
