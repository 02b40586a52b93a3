"""`examples/lesson.ipynb`: the lesson's path, from a picture to a texture that a browser computes like torch."""

import re

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

import nca
from paths import EXAMPLES

NOTEBOOK = EXAMPLES / "lesson.ipynb"
SMALL = {
    "STYLE": "lava",
    "FEATURES": "multiscale",
    "SIDE": 32,
    "FIELD": 16,
    "PIXEL_STEPS": 1,
    "STEPS": 2,
    "PACKAGE_STEPS": 2,
    "AGES": (2, 20),
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def small():
    """The notebook with small numbers in the cell of its settings."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (settings,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    assert re.findall(r"^(\w+) =", settings.source, re.MULTILINE) == list(SMALL)
    settings.source = "\n".join(f"{name} = {value!r}" for name, value in SMALL.items())
    return notebook


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_it_is_committed_without_output():
    cells = code(nbformat.read(NOTEBOOK, as_version=4))
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_its_cells_run_in_turn_also_without_a_browser(tmp_path, monkeypatch, capsys):
    """In this process, where torch is already imported."""

    def missing(*_, **__):
        raise nca.UserError("no Chromium")

    monkeypatch.setattr(nca, "verify", missing)
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in code(small()):
        exec(TransformerManager().transform_cell(cell.source), names)  # noqa: S102 - our own
    shown = capsys.readouterr().out
    assert re.findall(r"(\d+) of 4096 values differ\n", shown) == ["0"] * 4  # of whole numbers, in another order
    assert "u0 += mat4(" in shown
    assert shown.endswith("no Chromium\n")
    assert sum(each.numel() for each in names["automaton"].parameters()) == names["rule"].parameters == 168


@pytest.mark.rare
def test_it_runs_in_a_kernel_and_the_browser_equals_torch(sources, tmp_path):
    notebook = small()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    cells = code(notebook)
    assert re.match(r"0 of [\d,]+ values differ, on ", printed(cells[-1]))
    assert sum(WIDGET in output.get("data", {}) for cell in cells for output in cell.outputs) == 2
    assert sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs) == 9
