"""The trackers themselves, where they are installed: what they have kept of a training is read back."""

import io
import json
import os
import re
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nca
from nca.callbacks.recorder import Recorder
from nca.callbacks.trackers.figures import add_figures
from nca.callbacks.trackers.log_to import SHOWN, LogTo
from nca.training.checkpoint import capture, load_captured
from trainers import trainer

pytestmark = pytest.mark.rare

NAMES = ("trackio", "wandb", "tensorboard")
FRAME = '<iframe src="{}#{}" sandbox="allow-scripts" title="The texture" style="width: 640px; height: 400px"></iframe>'


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A training in two parts and figures after it, logged to all trackers: the folder, the name of its run."""
    if not all(map(find_spec, NAMES)):
        pytest.skip("needs trackio, wandb and tensorboard")
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in {"TRACKIO_DIR": folder / "trackio", "WANDB_MODE": "offline"}.items():
            patch.setenv(name, str(value))
        first = trained(StopAt(20))
        trained(state=capture(first))
        add_figures(NAMES, Path("run"), {"evaluate": {"style": 0.25, "reason": "why"}}, 60)
    return folder, json.loads((folder / "run" / "tracked.json").read_bytes())["run"]


class StopAt(nca.Callback):
    def __init__(self, step):
        self.step = step

    def after_batch(self, trainer):
        if trainer.step == self.step:
            raise nca.StopTraining


def trained(*callbacks, state=None):
    ours = trainer(steps=60, channels=8, hidden=16)
    ours.folder, ours.picture = Path("run"), "stripes.png"
    if state:
        load_captured(ours, state)
    ours.fit([Recorder(ours, "" if state else None), LogTo(*NAMES), *callbacks])
    return ours


def check_picture(png):
    assert np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).shape == (16, 64, 3)


STEPS = [10, 20, 30, 40, 50, 60]


def test_trackio(kept, monkeypatch):
    folder, run = kept
    monkeypatch.setenv("TRACKIO_DIR", str(folder / "trackio"))  # chosen when it is imported, for the first time here
    from trackio.sqlite_storage import SQLiteStorage

    rows = SQLiteStorage.get_logs("nca", run)
    assert [row["step"] for row in rows if "loss" in row] == STEPS
    assert {"loss", "style", "overflow", "seconds", "learning_rate"} <= rows[-1].keys() | rows[2].keys()
    assert SQLiteStorage.get_run_config("nca", run)["picture"] == "stripes.png"
    pictures, pages = ([row[name] for row in rows if name in row] for name in ("preview", "texture"))
    assert {each["_type"] for each in pages} == {"trackio.html"}
    media = folder / "trackio" / "media"
    check_picture((media / pictures[-1]["file_path"]).read_bytes())
    assert "<canvas" in (media / pages[-1]["file_path"]).read_text()
    assert SHOWN <= len(pages) == len(pictures) <= SHOWN + 1  # the first part ended between two of them
    assert rows[-1].items() >= {"evaluate/style": 0.25, "evaluate/reason": "why", "step": 60}.items()


def test_wandb(kept):
    folder, run = kept
    first, second, third = sorted((folder / "wandb").glob("offline-run-*"))
    records = [list(wandb_records(each / f"run-{run}.wandb")) for each in (first, second, third)]
    rows = [history(each) for each in records]
    assert [row["_step"] for part in rows for row in part if "loss" in row] == STEPS
    assert {"style", "overflow", "seconds", "learning_rate"} <= rows[0][-1].keys()
    assert '"stripes.png"' in str([each.run.config for each in records[0] if each.HasField("run")]).replace("\\", "")
    last = rows[1][-1]
    assert last["texture/_type"] == "html-file"
    check_picture((second / "files" / last["preview/path"]).read_bytes())
    assert "<canvas" in (second / "files" / last["texture/path"]).read_text()
    summary = {name(item): item.value_json for each in records[2] for item in each.summary.update}
    assert summary["evaluate/style"] == "0.25"


def history(records):
    return [
        {name(item): json.loads(item.value_json) for item in each.history.item}
        for each in records
        if each.HasField("history")
    ]


def name(item):
    return item.key or "/".join(item.nested_key)


def wandb_records(path):
    """A log as LevelDB writes it: blocks of 32 KiB of chunks, each with its checksum, size and kind."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, record = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 0x8000 - place % 0x8000 < 7:
            place += 0x8000 - place % 0x8000
        _, size, kind = struct.unpack_from("<IHB", data, place)
        record += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last chunk
            yield Record.FromString(record)
            record = b""


def test_tensorboard(kept):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, run = kept
    events = EventAccumulator(str(folder / "tensorboard" / run), size_guidance={"images": 0, "tensors": 0})
    events.Reload()
    for name in ("loss", "style", "overflow", "seconds", "learning_rate"):
        assert [each.step for each in events.Scalars(name)] == STEPS
    check_picture(events.Images("preview")[-1].encoded_image_string)
    assert "| picture | stripes.png |" in text(events, "configuration")
    assert "| evaluate/reason | why |" in text(events, "figures")
    assert events.Scalars("evaluate/style")[0].value == 0.25
    [page] = re.findall("`(.+)`", text(events, "texture"))
    assert page.endswith("/000060.html")
    assert "<canvas" in Path(page).read_text()


def text(events, tag):
    return events.Tensors(tag)[-1].tensor_proto.string_val[0].decode()


def test_a_logged_page_lives_in_a_sandboxed_frame(kept, browser, tmp_path):
    """As Trackio shows it: a frame that may run scripts and nothing else."""
    folder, run = kept
    page = max((folder / "trackio" / "media" / "nca" / run / "60").glob("*.html"))
    (tmp_path / "page.html").write_text(FRAME.format(page.as_uri(), "seed=7") + FRAME.format(page.as_uri(), "paused"))
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    for frame in tab.frames[1:]:
        frame.wait_for_function("() => document.querySelector('canvas')?.nca")
    moving, still = tab.locator("iframe").all()
    playing, paused = tab.frames[1:]
    playing.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 60")
    seen = moving.screenshot()
    playing.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 70")
    assert moving.screenshot() != seen
    paused.evaluate("() => document.querySelector('canvas').nca.step(100)")
    zeros = "() => document.querySelector('canvas').nca.read().filter((value) => value === 0).length"
    before = paused.evaluate(zeros)
    still.click()
    assert paused.evaluate(zeros) > before + 100
    tab.screenshot(path=os.environ.get("SHOT", str(tmp_path / "shot.png")), full_page=True)
    tab.close()
