"""Writes docs/commands.md from the help of each command: `python tools/make_commands.py`."""

from pathlib import Path

import click

from nca.cli import main

HEAD = """# Commands

Also `python -m nca`. Exit codes: 0 done, 1 failed with one clear line, 2 wrong usage. Nothing is overwritten without
`--force`. `make docs` writes this page from the `--help` of each command.
"""


def text() -> str:
    """The whole page."""
    return HEAD + "".join(_section(name, command) for name, command in main.commands.items())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"nca {name}", **main.context_settings, terminal_width=100)
    return f"\n## `nca {name}`\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    (Path(__file__).parent.parent / "docs" / "commands.md").write_text(text(), encoding="utf-8")
