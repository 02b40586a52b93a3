"""TensorBoard's event files, in a folder beside the run folder. They hold no HTML: pages are files next to them."""

import time
from collections.abc import Mapping

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text.summary import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from nca.callbacks.trackers.tracker import Figures, TrackedRun, Tracker
from nca.files import write_file

__all__ = ["Tensorboard"]


class Tensorboard(Tracker):
    """A folder tensorboard/NAME-TIME beside the run folder, which training replaces as a whole."""

    def open(self, run: TrackedRun) -> str:
        """Write the configuration as a table. A run that is resumed gets another file, in the same folder."""
        self.folder = run.folder.parent / "tensorboard" / run.id
        self.writer = EventFileWriter(str(self.folder))
        if not run.resumed:
            self._text("configuration", _table(run.configuration), 0)
        return f"tensorboard --logdir {self.folder.parent}"

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Scalars."""
        self._write(Summary(value=[Summary.Value(tag=tag, simple_value=each) for tag, each in values.items()]), step)

    def picture(self, png: bytes, step: int) -> None:
        """An image."""
        image = Summary.Image(encoded_image_string=png, colorspace=3)
        self._write(Summary(value=[Summary.Value(tag="preview", image=image)]), step)

    def page(self, html: str, step: int) -> None:
        """A file, and its path as text."""
        path = self.folder / "pages" / f"{step:06}.html"
        write_file(path, html.encode())
        self._text("texture", f"Open in a browser: `{path}`", step)

    def figures(self, values: Figures, step: int) -> None:
        """Scalars, and a table with the texts too."""
        self.numbers({tag: each for tag, each in values.items() if not isinstance(each, str)}, step)
        self._text("figures", _table(values), step)

    def close(self) -> None:
        """Write the rest."""
        self.writer.close()

    def _text(self, tag: str, markdown: str, step: int) -> None:
        self._write(text_pb(tag, markdown), step)

    def _write(self, summary: Summary, step: int) -> None:
        self.writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))


def _table(values: Mapping[str, object]) -> str:
    """Markdown."""
    return "\n".join(["| name | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in values.items())])
