"""Writes docs/api.md from the docstrings of what `nca` offers: `python tools/make_api.py`."""

import inspect
import re
from functools import cached_property
from pathlib import Path

import nca

HEAD = """# Python API

Everything that `import nca` offers, from its docstrings. `make docs` writes this page. [From Python](python.md) shows
how the parts are used together.
"""
ARGUMENT = re.compile(r"(?:^|(?<=\.) )(\w+(?:, \w+)*): ", re.MULTILINE)
COMPUTED = (property, cached_property)
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


def text() -> str:
    """The whole page: functions and objects first, then classes."""
    names = [name for name in nca.__all__ if not name.startswith("__")]
    names.sort(key=lambda name: (name[0].isupper(), name.lower()))
    return HEAD + "".join(_section(f"nca.{name}", getattr(nca, name)) for name in names)


def _section(name: str, value: object) -> str:
    members = _members(value) if inspect.isclass(value) else []
    head = f"\n## `{name}`\n\n{_signature(name, value)}{_prose(value)}"
    return head + "".join(_member(*each) for each in members)


def _members(kind: type) -> list[tuple[str, object]]:
    """The public members that the class itself defines and describes."""
    own = [(name, value) for name, value in vars(kind).items() if not name.startswith("_")]
    return [(name, value) for name, value in own if inspect.isroutine(value) or isinstance(value, COMPUTED)]


def _member(name: str, value: object) -> str:
    return f"\n### `{name}`\n\n{_signature(name, value)}{_prose(value)}"


def _signature(name: str, value: object) -> str:
    """The call as Python, an argument a line where it is long; nothing for what is not called."""
    if not (inspect.isroutine(value) or _is_data(value)):
        return ""
    call = inspect.signature(value)
    given = [each for each in call.parameters.values() if each.name != "self"]
    line = _short(f"{name}{call.replace(parameters=given)}")
    if len(line) > 90:
        line = _short(f"{name}(\n" + "".join(f"    {each},\n" for each in _with_marks(given)) + f"){_returned(call)}")
    return f"```python\n{line}\n```\n\n"


def _is_data(value: object) -> bool:
    return inspect.isclass(value) and not issubclass(value, Exception) and value.__init__ is not object.__init__


def _with_marks(parameters: list[inspect.Parameter]) -> list[str]:
    texts = [str(each) for each in parameters]
    named = [each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters]
    if True in named:
        texts.insert(named.index(True), "*")
    return texts


def _returned(call: inspect.Signature) -> str:
    if call.return_annotation is inspect.Signature.empty:
        return ""
    returned = inspect.formatannotation(call.return_annotation)
    return f" -> {returned}"


def _short(line: str) -> str:
    """Types without their modules, and functions without their addresses."""
    line = re.sub(r"<function .*?> at \w+>|<function [^>]*>", "...", line)
    line = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", line)
    line = line.replace("numpy.", "")
    line = re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", line)  # NumPy before 2.5
    return line.replace('"', "").replace("'", '"')


def _prose(value: object) -> str:
    """A docstring as Markdown: its arguments as a list, its examples as blocks, its pages as links."""
    known = _parameters(value)
    doc = EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", inspect.getdoc(value) or "")
    doc = re.sub(r"docs/(\w+)\.md", r"[\1](\1.md)", doc)
    return (
        ARGUMENT.sub(lambda found: f"\n- `{found[1]}`: " if {*found[1].split(", ")} <= known else found[0], doc) + "\n"
    )


def _parameters(value: object) -> set[str]:
    return {*inspect.signature(value).parameters} if inspect.isroutine(value) or _is_data(value) else set()


if __name__ == "__main__":
    (Path(__file__).parent.parent / "docs" / "api.md").write_text(text(), encoding="utf-8")
