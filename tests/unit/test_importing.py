"""Automata of other programs: what each convention means, what is refused, and what quantization costs."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from command import nca
from nca import UserError, import_automata
from nca.export.bundle import Bundle, load_bundle
from nca.export.formats.registry import FORMATS
from nca.importing import cost
from nca.importing import repair as mending
from nca.importing.convert import Conventions, Layers, convert, recognise
from nca.importing.find import find_layers
from nca.importing.floats import FloatAutomaton
from nca.importing.kernels import OURS, kernels, mixing
from nca.importing.models import read_models
from nca.importing.quantize import quantize
from nca.importing.read import read_arrays, read_raw
from nca.importing.run import find_automata
from nca.picture import load_picture
from nca.rule.mask import mask
from nca.run import load_run
from notebooks import NotebookCA, models_json
from paths import LAVA, ROOT
from rules import random_rule


def notebook(channels=4, hidden=8, seed=0, **conventions):
    """A gentle random one: its state stays small for some tens of steps."""
    torch.manual_seed(seed)
    automaton = NotebookCA(channels, hidden, **conventions)
    torch.nn.init.normal_(automaton.w2.weight, std=0.1)
    return automaton


def theirs(automaton, steps, side=9, seed=3):
    """The state of theirs after some steps with our masks: (C, side, side)."""
    state = torch.zeros(1, automaton.w2.out_channels, side, side)
    with torch.no_grad():
        for step in range(steps):
            state = automaton(state, mask(side, side, seed, step, 128, "cpu"))
    return state[0].numpy()


def ours(automaton, steps, side=9, seed=3):
    [state] = automaton.rollout(side, [steps], seed)
    return state.numpy()


def layers_of(automaton):
    return find_layers({name: values.double().numpy() for name, values in automaton.state_dict().items()})


# Conventions


@pytest.mark.parametrize("order", ["channels", "filters"])
@pytest.mark.parametrize(("divisor", "centre"), [(1, -12), (8, -12), (8, -16), (1, -8)])
def test_each_convention_computes_what_the_notebook_computes(order, divisor, centre):
    automaton = notebook(order=order, divisor=divisor, centre=centre)
    found = convert(layers_of(automaton), Conventions(order, divisor, centre))
    assert np.abs(theirs(automaton, 12)).max() > 0.05
    assert np.allclose(ours(found, 12), theirs(automaton, 12), atol=1e-4)


def test_a_wrong_order_computes_something_else():
    automaton = notebook(order="filters")
    found = convert(layers_of(automaton), Conventions("channels"))
    assert not np.allclose(ours(found, 12), theirs(automaton, 12), atol=0.01)


def test_colours_without_an_offset_begin_in_grey():
    """Their colour is the state: ours is state + 0.5, and both run the same from a grey field."""
    automaton = notebook()
    found = convert(layers_of(automaton), Conventions(offset=0))
    state = torch.zeros(1, 4, 9, 9)
    state[:, :3] = 0.5
    with torch.no_grad():
        for step in range(8):
            state = automaton(state, mask(9, 9, 3, step, 128, "cpu"))
    expected = state[0].numpy() - np.array([0.5, 0.5, 0.5, 0])[:, None, None]
    assert np.allclose(ours(found, 8), expected, atol=1e-4)


@pytest.mark.parametrize(("channels", "hidden"), [(3, 7), (5, 10), (6, 4)])
def test_odd_sizes_are_filled_up(channels, hidden):
    automaton = notebook(channels, hidden)
    found = convert(layers_of(automaton), Conventions())
    assert found.channels % 4 == 0
    assert found.hidden % 4 == 0
    assert np.allclose(ours(found, 12)[:channels], theirs(automaton, 12), atol=1e-4)
    assert not ours(found, 12)[channels:].any()


def test_a_bias_of_the_second_layer_is_kept():
    torch.manual_seed(0)
    automaton = notebook()
    automaton.w2 = torch.nn.Conv2d(8, 4, 1)
    found = convert(layers_of(automaton), Conventions())
    assert np.allclose(ours(found, 12), theirs(automaton, 12), atol=1e-4)


def test_kernels_in_the_file_are_used():
    automaton = notebook(divisor=8, centre=-16)
    arrays = {name: values.double().numpy() for name, values in automaton.state_dict().items()}
    arrays["filters"] = np.tile(automaton.kernels.numpy()[:, None], (4, 1, 1, 1))
    found = convert(find_layers(arrays), Conventions())
    assert np.allclose(ours(found, 12), theirs(automaton, 12), atol=1e-4)


def test_our_kernels_are_their_own_multiples():
    assert np.allclose(mixing(OURS), np.eye(4))
    assert np.allclose(mixing(kernels(8, -12)), np.diag([1, 1, 1, 2]))


def test_conventions_are_recognised_by_running():
    arrays = read_checkpoint(load_bundle(LAVA))
    layers = find_layers(arrays)
    assert recognise(layers, Conventions(), frozenset()) == Conventions("channels", 1)
    turned = layers.w1.reshape(-1, 12, 4).transpose(0, 2, 1).reshape(-1, 48)
    by_filter = Layers(turned, layers.b1, layers.w2, layers.b2)
    assert recognise(by_filter, Conventions(), frozenset()) == Conventions("filters", 1)


# Files


def read_checkpoint(bundle):
    content = FORMATS["checkpoint"].files(bundle)[""]
    return {
        name: values.double().numpy() for name, values in torch.load(io.BytesIO(content), weights_only=True).items()
    }


def test_every_kind_of_file_gives_the_same_layers(tmp_path):
    automaton = notebook(hidden=12)
    state = automaton.state_dict()
    torch.save(state, tmp_path / "a.pth")
    torch.save({"model": {f"module.{name}": each for name, each in state.items()}, "epoch": 3}, tmp_path / "b.pt")
    save_file({f"ca.fc{name[1]}{name[2:]}": each for name, each in state.items()}, tmp_path / "c.safetensors")
    flat = {
        "layer0": state["w1.weight"][..., 0, 0].T,
        "bias0": state["w1.bias"],
        "layer1": state["w2.weight"][..., 0, 0].T,
    }
    np.savez(tmp_path / "d.npz", **{name: each.numpy() for name, each in flat.items()})
    raw = np.concatenate([state[name].numpy().ravel() for name in ("w1.weight", "w1.bias", "w2.weight")])
    (tmp_path / "e.bin").write_bytes(raw.astype("<f4").tobytes())
    expected = layers_of(automaton)
    arrays = [read_arrays(tmp_path / name) for name in ("a.pth", "b.pt", "c.safetensors", "d.npz")]
    for found in map(find_layers, [*arrays, read_raw(tmp_path / "e.bin", 4, 12)]):
        for name in ("w1", "b1", "w2", "b2"):
            assert np.array_equal(getattr(found, name), getattr(expected, name)), name


class Dangerous:
    def __reduce__(self):
        return print, ("run!",)


def refused(call, *arguments):
    with pytest.raises(UserError) as refusal:
        call(*arguments)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_nothing_in_a_file_is_executed(tmp_path, capsys):
    torch.save({"w1.weight": Dangerous()}, tmp_path / "a.pth")
    np.savez(tmp_path / "b.npz", w=np.array([Dangerous()], dtype=object))
    assert "a.pth: holds more than weights" in refused(read_arrays, tmp_path / "a.pth")
    assert "b.npz is damaged" in refused(read_arrays, tmp_path / "b.npz")
    assert capsys.readouterr().out == ""


def test_damaged_and_foreign_files_are_refused(tmp_path):
    for name in ("a.pt", "a.safetensors", "a.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nothing")
        assert f"{name} is damaged" in refused(read_arrays, tmp_path / name)
    (tmp_path / "a.onnx").touch()
    assert "expected a file of weights (.pt" in refused(read_arrays, tmp_path / "a.onnx")
    assert "cannot be read: No such file" in refused(read_arrays, tmp_path / "none.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    assert "holds a list: expected a state dict" in refused(read_arrays, tmp_path / "list.pt")
    torch.save({"w": torch.tensor([float("nan")])}, tmp_path / "nan.pt")
    assert "w holds NaN or infinity" in refused(read_arrays, tmp_path / "nan.pt")
    (tmp_path / "raw").write_bytes(b"1234")
    assert "has 4 bytes: expected" in refused(read_raw, tmp_path / "raw", 4, 8)


def test_a_foreign_file_is_told_from_a_damaged_one(tmp_path):
    for name in ("a.pt", "a.safetensors", "a.npz"):
        (tmp_path / name).write_text("hi")
        assert f"{name} is a text, no .{name[2:]} file: expected a state dict" in refused(read_arrays, tmp_path / name)
        (tmp_path / name).write_bytes(b"")
        assert f"{name} is empty: expected a state dict" in refused(read_arrays, tmp_path / name)
        (tmp_path / name).write_bytes(b"\x80\x02}h\xff.")
        assert "\x1b" not in refused(read_arrays, tmp_path / name)


def test_a_whole_module_is_refused_with_what_to_save(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    said = refused(read_arrays, tmp_path / "module.pt")
    assert said.endswith("module.pt: holds more than weights, such as a whole module: save `model.state_dict()` alone")


@pytest.mark.filterwarnings("error")
def test_complex_numbers_are_refused_in_each_kind_of_file(tmp_path):
    numbers = torch.ones(2, dtype=torch.complex64)
    torch.save({"w": numbers}, tmp_path / "a.pt")
    np.savez(tmp_path / "a.npz", w=numbers.numpy())
    for name in ("a.pt", "a.npz"):
        assert f"{name}: w holds complex numbers: expected real ones" in refused(read_arrays, tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("ending", [".pt", ".safetensors", ".npz", ".json"])
def test_a_pipe_is_not_waited_for(tmp_path, ending):
    os.mkfifo(tmp_path / f"a{ending}")
    assert "expected a file" in refused(list, find_automata(tmp_path / f"a{ending}", {}))


def test_what_unpacks_to_too_much_is_refused_before_it_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", bytes(1 << 27))
    assert "holds 134,217,728 bytes" in refused(read_arrays, tmp_path / "bomb.npz")


SECOND = np.zeros((4, 8, 1, 1))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"w1": np.zeros((8, 16)), "w2": np.zeros((8, 8)), "w3": np.zeros((4, 8))}, "3 layers"),
        ({}, "0 layers"),
        ({"w1": np.zeros((8, 18)), "w2": SECOND}, "inputs other than the cells, such as positions"),
        ({"w1": np.zeros((8, 8)), "w2": SECOND}, "sees 2 values of each of 4 channels"),
        ({"w1": np.zeros((8, 16)), "w2": np.zeros((4, 9))}, "do not follow each other"),
        ({"w1": np.zeros((0, 16)), "w2": np.zeros((4, 0))}, "w1 (0, 16) holds no number"),
        ({"k": np.zeros((0, 1, 3, 3)), "w1": np.zeros((8, 16)), "w2": SECOND}, "k (0, 1, 3, 3) holds no number"),
        ({"k": np.zeros((16, 4, 3, 3)), "w1": np.zeros((8, 16)), "w2": SECOND}, "mixes channels"),
        ({"k": np.arange(144.0).reshape(16, 1, 3, 3), "w1": np.zeros((8, 16)), "w2": SECOND}, "kernels that differ"),
    ],
)
def test_what_does_not_fit_is_named(arrays, message):
    assert message in refused(find_layers, arrays)


FIRST = np.zeros((8, 16, 1, 1))


@pytest.mark.parametrize(
    ("names", "shape", "message"),
    [
        (("w1.weight", "w2.weight", "w1.bias"), (5,), "w1.bias (5,): expected (8,), the one bias of w1.weight"),
        (("w1.weight", "w2.weight", "w2.bias"), (8,), "w2.bias (8,): expected (4,), the one bias of w2.weight"),
        (("w1.weight", "w2.weight", "w1.bias"), (8, 1, 1), "w1.bias (8, 1, 1): expected (8,)"),
        (("w1", "w2", "b1"), (5,), "b1 (5,): expected (8,)"),
        (("first", "second", "bias"), (5,), "bias (5,): expected (8,) or (4,)"),
    ],
)
def test_a_bias_that_does_not_fit_is_named(names, shape, message):
    first, second, bias = names
    assert message in refused(find_layers, {first: FIRST, second: SECOND, bias: np.zeros(shape)})


def test_a_bias_goes_to_one_layer_alone():
    """With as many hidden units as channels, its size says nothing."""
    square = {"w1.weight": np.zeros((4, 16)), "w2.weight": np.zeros((4, 4))}
    for name, owner in (("w1.bias", "b1"), ("w2.bias", "b2"), ("b2", "b2")):
        found = find_layers(square | {name: np.ones(4)})
        assert [key for key in ("b1", "b2") if getattr(found, key).any()] == [owner]


def test_learned_kernels_and_too_many_channels_do_not_fit():
    layers = Layers(
        np.zeros((8, 16)), np.zeros(8), np.zeros((4, 8)), np.zeros(4), np.random.default_rng(0).random((4, 3, 3))
    )
    assert "kernels that were learned do not fit" in refused(convert, layers, Conventions())
    layers = Layers(np.zeros((8, 80)), np.zeros(8), np.zeros((20, 8)), np.zeros(20))
    assert "20 channels: expected at most 16" in refused(convert, layers, Conventions())
    layers = Layers(np.zeros((132, 16)), np.zeros(132), np.zeros((4, 132)), np.zeros(4))
    assert "132 hidden units: expected at most 128" in refused(convert, layers, Conventions())


# Quantization


def test_a_rule_comes_back_through_its_checkpoint():
    """Its weights are on our grids already, but scales are chosen anew; the update stays nearly the same."""
    bundle = load_bundle(LAVA)
    automaton = convert(find_layers(read_checkpoint(bundle)), Conventions())
    first, _, second = bundle.rule.real_weights()
    assert np.allclose(automaton.w1, first, atol=1e-6)
    assert np.allclose(automaton.w2, second, atol=1e-6)
    made = quantize(automaton)
    assert made.error < 0.12
    assert max(worst.max() for worst in made.rule.worst_cases()) < 2**24


def test_the_notebooks_class_loads_a_checkpoint_and_computes_the_rule():
    rule = random_rule(4, 8, seed=1)
    automaton = NotebookCA(4, 8)
    automaton.load_state_dict(torch.load(io.BytesIO(FORMATS["checkpoint"].files(Bundle.of(rule, "Moss"))[""])))
    w1, b1, w2 = rule.real_weights()
    exact = FloatAutomaton(w1, b1, w2, 128, np.inf, np.full(4, np.inf))
    assert np.allclose(theirs(automaton, 3), ours(exact, 3), rtol=1e-4, atol=1e-4)


def test_an_automaton_that_blows_up_is_refused():
    automaton = notebook()
    with torch.no_grad():
        automaton.w2.weight *= 1e3
        automaton.w1.bias += 1
    found = convert(layers_of(automaton), Conventions())
    assert "does not stay in range when it runs" in refused(quantize, found)


# 8-bit models


def set_of(count=3, channels=4, hidden=8, seed=0):
    random = np.random.default_rng(seed)
    first = random.integers(100, 155, (count, 4 * channels + 1, hidden)).astype(np.uint8)
    second = random.integers(124, 131, (count, hidden + 1, channels)).astype(np.uint8)
    return first, second


def written(tmp_path, text):
    (tmp_path / "models.json").write_text(text)
    return tmp_path / "models.json"


def test_models_of_a_set_compute_what_its_demo_computes(tmp_path):
    """The demo's arithmetic, written from its description: states of twice our size, kernels divided by 8."""
    first, second = set_of()
    found = read_models(written(tmp_path, models_json(["a", "b", "c"], first, second)))
    assert list(found) == ["a", "b", "c"]
    for index, automaton in enumerate(found.values()):
        w1, w2 = ((each[index].astype(float) - 127) / 255 * 8 for each in (first, second))
        demo = NotebookCA(4, 8, order="filters", divisor=8)
        demo.w1.weight.data = torch.tensor(w1[:-1].T[:, :, None, None], dtype=torch.float32)
        demo.w1.bias.data = torch.tensor(w1[-1], dtype=torch.float32)
        demo.w2 = torch.nn.Conv2d(8, 4, 1)
        demo.w2.weight.data = torch.tensor(w2[:-1].T[:, :, None, None], dtype=torch.float32)
        demo.w2.bias.data = torch.tensor(w2[-1], dtype=torch.float32)
        assert np.allclose(2 * ours(automaton, 2), theirs(demo, 2), atol=1e-4)


def test_slopes_point_right_and_down(tmp_path):
    """A model that moves what is at the left of a bright cell tells x from y and from their opposites."""
    first, second = np.full((1, 17, 8), 127, np.uint8), np.full((1, 9, 4), 127, np.uint8)
    first[0, 4, 0] = first[0, 8, 1] = 255  # filter-major: the x slope of channel 0, the y slope of channel 0
    automaton = read_models(written(tmp_path, models_json(["a"], first, second)))["a"]
    assert automaton.w1[0, 4] > 0  # of x, in our filter-major order
    assert automaton.w1[1, 8] > 0  # of y
    assert np.count_nonzero(automaton.w1) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("layers"), "expected `model_names`"),
        (lambda s: s.update(model_names=[]), "expected `model_names`"),
        (lambda s: s["layers"].pop(), "1 layers: expected 2"),
        (lambda s: s["layers"][0].update(shape=[17, 10**9]), "shape is [17, 1000000000]"),
        (lambda s: s["layers"][0].update(shape=[17, 12]), "PNG is RGBA of 4x34: expected RGBA of 6x34"),
        (lambda s: s["layers"][0].update(layout=[1, 2]), "holds 2 models"),
        (lambda s: s["layers"][0].update(scale="8"), "scale is 8: expected a number"),
        (lambda s: s["layers"][1].update(quant_scale_zero=[4]), "quant_scale_zero is [4]"),
        (lambda s: s["layers"][0].update(data="data:image/png;base64,AAAA"), "data is no PNG"),
        (lambda s: s["layers"][0].update(data="https://example.org/a.png"), "expected text that begins with"),
    ],
)
def test_damaged_sets_are_refused(tmp_path, change, message):
    content = json.loads(models_json(["a", "b", "c"], *set_of()))
    change(content)
    assert message in refused(read_models, written(tmp_path, json.dumps(content)))


def test_models_of_one_name_are_refused(tmp_path):
    path = written(tmp_path, models_json(["a", "b", "a"], *set_of()))
    assert "2 models of the name 'a': expected a name for each alone" in refused(read_models, path)


def test_models_that_would_share_a_folder_are_refused_with_the_way_out(tmp_path):
    path = written(tmp_path, models_json(["A b", "a-b"], *set_of(2)))
    ran = nca("import", path, "-o", tmp_path / "runs")
    assert ran.exit_code == 1
    assert "import them one by one, models of one set with --only" in ran.stderr


def test_a_large_png_is_refused_before_it_is_decoded(tmp_path):
    content = json.loads(models_json(["a"], np.zeros((1, 4001, 4000), np.uint8), np.zeros((1, 9, 4), np.uint8)))
    content["layers"][0]["shape"] = [17, 8]
    assert "expected RGBA of 4x17" in refused(read_models, written(tmp_path, json.dumps(content)))


# The command


def test_import_writes_a_run_that_all_commands_take(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "SIDE", 40)  # as large as its figures need, and as old as its patterns
    monkeypatch.setattr(cost, "STEPS", 200)
    (tmp_path / "lava.pt").write_bytes(FORMATS["checkpoint"].files(load_bundle(LAVA))[""])
    ran = nca("import", tmp_path / "lava.pt", "-o", tmp_path / "run", "--order", "channels", "--kernels", "1")
    assert ran.exit_code == 0, ran.output
    assert "inputs by channels, kernels divided by 1" in ran.output
    assert "its update differs by" in ran.output
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"model.safetensors", "import.json", "import.png"}
    found = json.loads((tmp_path / "run" / "import.json").read_text())
    assert found["style"] < 3 * found["style of two runs of the original"]
    assert load_run(tmp_path / "run").provenance["imported"]["file"] == "lava.pt"
    again = nca("import", tmp_path / "lava.pt", "-o", tmp_path / "run")
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_one_model_of_a_set_is_chosen_by_its_name(tmp_path):
    path = written(tmp_path, models_json(["a", "b"], *set_of(2)))
    ran = nca("import", path, "-o", tmp_path / "runs", "--only", "c")
    assert ran.exit_code == 1
    assert "no model c in it: expected some of a, b" in ran.output
    assert [each.name for each in find_automata(path, {})] == ["a", "b"]
    assert "leave out the other options" in refused(list, find_automata(path, {"order": "filters"}))


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("kernels", "0", "kernels is 0.0: expected 1 or 8"),
        ("kernels", "-1", "kernels is -1.0: expected 1 or 8"),
        ("kernels", "nan", "kernels is nan: expected 1 or 8"),
        ("laplacian", "nan", "laplacian is nan: expected a number from -1000 to 1000"),
        ("laplacian", "inf", "laplacian is inf: expected a number"),
        ("laplacian", "1e300", "laplacian is 1e+300: expected a number"),
        ("offset", "nan", "offset is nan: expected a number from -1 to 1"),
        ("update-rate", "nan", "update rate is nan: expected a number from 1/256 to 1"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_numbers_that_no_automaton_has_are_refused(tmp_path, option, value, expected):
    torch.save(notebook().state_dict(), tmp_path / "a.pt")
    ran = nca("import", tmp_path / "a.pt", "-o", tmp_path / "run", f"--{option}", value)
    assert (ran.exit_code, ran.stderr.count("\n")) == (1, 1)
    assert expected in ran.stderr


def test_the_api_refuses_them_too(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(4 * 168))
    for wrong, said in (
        ({"order": "foo"}, "order is foo: expected one of channels, filters"),
        ({"kernels": 2}, "kernels is 2: expected 1 or 8"),
        ({"offset": "x"}, "offset is x: expected a number from -1 to 1"),
        ({"update_rate": 0}, "update rate is 0: expected a number from 1/256 to 1"),
        ({"channels": -4, "hidden": -8}, "channels is -4: expected a whole number from 1 to 16"),
        ({"channels": 4, "hidden": 10**6}, "hidden is 1000000: expected a whole number from 1 to 128"),
    ):
        with pytest.raises(UserError) as refusal:
            import_automata(tmp_path / "a.bin", tmp_path / "run", **wrong)
        assert said in str(refusal.value)


# Repair


def test_repair_begins_at_the_rule_and_goes_on_from_there(monkeypatch):
    monkeypatch.setattr(mending, "SIDE", 40)
    monkeypatch.setattr(mending, "STEPS", 100)
    rule, picture = random_rule(4, 8, seed=1), load_picture(ROOT / "examples" / "honeycomb.png")
    before, found = rule.real_weights(), mending.repair(rule, picture, iterations=2)
    after = found.rule.real_weights()
    assert found.rule.fingerprint != rule.fingerprint
    assert all(np.abs(a - b).max() < 0.1 * np.abs(a).max() for a, b in zip(before, after, strict=True))
    assert found.perfect < found.before


def test_repair_refuses_rates_that_training_does_not_have():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert "update rate 0.25: expected 0.5" in refused(mending.repair, random_rule(4, 8, update=64), picture)


def test_one_picture_does_not_repair_two_automata(tmp_path):
    path = written(tmp_path, models_json(["a", "b"], *set_of(2)))
    ran = nca("import", path, "-o", tmp_path / "runs", "--picture", ROOT / "examples" / "lava.png")
    assert ran.exit_code == 1
    assert "is one picture, but there are 2 automata: choose one with --only" in ran.output
