"""Loss, features, pool and the training loop, on pictures of a few pixels."""

import os
import pickle
import time

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate
from trainers import TINY, Colours, noise, stripes, trainer, weights

from nca import UserError
from nca.checkpoint import capture, restore
from nca.config import FEATURES, PRESETS, Config
from nca.loss import StyleLoss, gram, overflow, reflect
from nca.multiscale import Multiscale
from nca.pool import Pool
from nca.train import Trainer, make_features
from nca.vgg import LAYERS, Vgg

# The loss


def test_a_gram_matrix_is_the_mean_product_of_each_pair_of_features():
    features = noise(2, 3, 4, 5)
    products = [[(features[:, i] * features[:, j]).mean((1, 2)) for j in range(3)] for i in range(3)]
    assert torch.allclose(gram(features), torch.stack([torch.stack(row) for row in products]).permute(2, 0, 1))


def test_the_gradient_of_a_gram_matrix_is_autograds():
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.arange(18.0).view(2, 3, 3)
    plain = torch.einsum("bchw,bdhw->bcd", features, features) / 20
    (expected,) = torch.autograd.grad((plain * weights).sum(), features)
    (found,) = torch.autograd.grad((gram(features) * weights).sum(), features)
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_style_loss_is_the_relative_squared_error_of_gram_matrices_by_its_weight():
    target, picture = noise(1, 3, 8, 8), noise(2, 3, 6, 6, seed=1)
    ours = StyleLoss(Colours(), target)(picture)
    errors = [(gram(each[None]) - gram(target)).square().sum() / gram(target).square().sum() for each in picture]
    assert torch.allclose(ours, 2 * sum(errors) / 2)


def style_of(target):
    return StyleLoss(Multiscale(reflect(target, Multiscale.margin)), target)


@pytest.fixture(scope="module")
def multiscale():
    """The loss of a picture that tiles, and goes on beyond its border as its mirror does."""
    target = stripes(32, 2)
    return target, style_of(target)


def test_the_style_loss_of_a_picture_that_tiles_is_0_for_itself_in_any_size(multiscale):
    target, style = multiscale
    assert style(target) < 1e-6
    assert style(target.repeat(1, 1, 2, 1)) < 1e-6
    assert style(noise(1, 3, 32, 32)) > 0.1


def test_the_style_loss_ignores_where_the_texture_lies(multiscale):
    _, style = multiscale
    picture = noise(1, 3, 32, 32)
    moved = picture.roll((8, 24), (2, 3))  # multiples of the coarsest level's pixel
    assert torch.allclose(style(moved), style(picture), rtol=1e-4)


def test_the_style_loss_grows_with_the_difference(multiscale):
    target, style = multiscale
    other = noise(1, 3, 32, 32)
    losses = [style(target.lerp(other, part)).item() for part in (0.0, 0.1, 0.3, 1.0)]
    assert losses == sorted(losses)
    assert losses[1] > 100 * losses[0]


def test_descending_the_style_loss_of_pixels_makes_the_texture():
    style, picture = style_of(stripes(16, 8)), noise(1, 3, 16, 16).requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        style(picture).log().backward()
        optimizer.step()
    assert style(picture) < 0.01 * style(noise(1, 3, 16, 16))
    assert picture.std(3).mean() > 2 * picture.std(2).mean()  # upright stripes, as in the target


def test_overflow_is_the_mean_distance_from_what_can_be_seen():
    states = torch.tensor([[-1.0, 1.0, 0.5], [1.5, -1.25, 0.0]])
    assert overflow(states) == pytest.approx(0.75 / 6)
    assert overflow(states.clamp(-1, 1)) == 0


@pytest.mark.parametrize("margin", [0, 3, 20])
def test_a_reflected_picture_goes_on_as_its_mirror(margin):
    picture = noise(1, 3, 6, 6)
    mirrored = np.pad(picture.numpy(), [(0, 0), (0, 0), (margin, margin), (margin, margin)], mode="reflect")
    assert np.array_equal(reflect(picture, margin).numpy(), mirrored)


# Features


def test_multiscale_features_are_the_same_each_time_and_follow_their_seed():
    target = noise(1, 3, 80, 80)
    first, again, other = (Multiscale(target, seed=seed)(target) for seed in (0, 0, 1))
    assert all(torch.equal(a.values, b.values) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].values, other[0].values)


def test_multiscale_features_leave_the_callers_random_state_alone():
    before = torch.random.get_rng_state()
    Multiscale(noise(1, 3, 80, 80))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_multiscale_sees_colour():
    target = stripes(32, 4)
    assert style_of(target)(target.flip(1)) > 0.1


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_multiscale_takes_a_picture_of_one_colour(grey):
    """Its filters and its levels see nothing: no loss may become 0 / 0."""
    target = torch.full((1, 3, 32, 32), grey)
    style = style_of(target)
    assert style(target) < 1e-6
    assert 0.01 < style(target + 0.2) < torch.inf
    assert 0.01 < style(noise(1, 3, 32, 32)) < torch.inf


def test_multiscale_sees_scale():
    style = style_of(stripes(64, 8))
    same, *others = (style(stripes(64, period)).item() for period in (8, 2, 4, 16))
    assert 10 * same < min(others)


def test_multiscale_sees_direction():
    target = stripes(32, 8)
    assert style_of(target)(target.transpose(2, 3)) > 0.1


@pytest.mark.parametrize("side", [16, 17, 30])
def test_multiscale_takes_states_of_any_size(side):
    loss = style_of(noise(1, 3, 16, 16))(noise(2, 3, side, side).requires_grad_())
    loss.backward()
    assert loss.isfinite()


def test_layer_weights_weigh_the_layers():
    target, picture = noise(1, 3, 80, 80), noise(1, 3, 32, 32, seed=1)

    def loss(weights):
        return StyleLoss(Multiscale(target, weights), target[..., 32:48, 32:48])(picture)

    joint, stacks = loss((1.0, 0.0)), loss((0.0, 1.0))
    assert torch.allclose(loss((3.0, 0.5)), 3 * joint + 0.5 * stacks)
    assert joint > 0 < stacks


def vgg_state(name="vgg16", seed=0):
    """Random weights of the network's features, scaled so that no layer dies."""
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        shapes = getattr(torchvision.models, name)(weights=None).state_dict()
    random = torch.Generator().manual_seed(seed)
    return {
        key: torch.randn(value.shape, generator=random) * (2 / max(1, value[0].numel())) ** 0.5
        for key, value in shapes.items()
        if key.startswith("features.")
    }


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(vgg_state(), path)
    return path


@pytest.fixture
def vgg(vgg_file):
    return Vgg("vgg16", vgg_file, (1.0, 2.0, 3.0, 4.0, 5.0), torch.device("cpu"))


def test_vgg_gives_the_first_relu_of_each_block(vgg):
    maps = vgg(noise(2, 3, 32, 32))
    assert [each.values.shape[1:] for each in maps] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]
    assert [each.weight for each in maps] == [1, 2, 3, 4, 5]
    assert all(each.values.min() == 0 < each.values.max() for each in maps)


def test_vgg_computes_what_torchvisions_network_does(vgg, vgg_file):
    from torchvision.models import vgg16
    from torchvision.transforms.functional import normalize

    with torch.device("meta"):
        network = vgg16(weights=None).features
    state = torch.load(vgg_file, weights_only=True)
    network.load_state_dict({key.removeprefix("features."): value for key, value in state.items()}, assign=True)
    picture = noise(1, 3, 32, 32)
    values = normalize(picture, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.no_grad():
        theirs = [values := layer(values.clone()) for layer in network]
    ours = vgg(picture)
    assert all(torch.allclose(a.values, theirs[index]) for a, index in zip(ours, LAYERS["vgg16"], strict=True))


def test_the_style_loss_works_with_vgg(vgg):
    target = noise(1, 3, 32, 32)
    style = StyleLoss(vgg, target)
    other = stripes(32, 8).requires_grad_()
    assert style(target) == 0
    style(other).backward()
    assert other.grad.isfinite().all()
    assert other.grad.any()


def test_training_runs_on_vgg(vgg_file):
    target = noise(1, 3, 32, 32)
    config = Config(**TINY | {"features": "vgg16", "field": 32, "steps": 2})
    losses = [progress.loss for progress in Trainer(config, make_features(config, target, vgg_file), target)]
    assert np.isfinite(losses).all()


class Bomb:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_weights_that_are_a_pickle_bomb_are_refused_unexecuted(tmp_path):
    bomb = Bomb(tmp_path / "executed")
    torch.save({"features.0.weight": bomb}, tmp_path / "zip.pth")
    torch.save({"features.0.weight": bomb}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(bomb))
    for name in ("zip.pth", "old.pth", "plain.pkl"):
        assert "holds no weights" in vgg_refusal(tmp_path / name)
    assert not (tmp_path / "executed").exists()


def test_weights_that_cannot_be_used_are_refused(tmp_path):
    def saved(name, value):
        torch.save(value, tmp_path / name)
        return vgg_refusal(tmp_path / name)

    (tmp_path / "garbage").write_bytes(bytes(range(256)))
    (tmp_path / "empty").touch()
    assert "No such file" in vgg_refusal(tmp_path / "missing")
    assert "Is a directory" in vgg_refusal(tmp_path)
    assert "holds no weights" in vgg_refusal(tmp_path / "garbage")
    assert "holds no weights" in vgg_refusal(tmp_path / "empty")
    assert "does not fit vgg16" in saved("list", [torch.zeros(3)])
    assert "does not fit vgg16" in saved("tensor", torch.zeros(3))
    assert "does not fit vgg16" in saved("none of it", {"weight": torch.zeros(3)})
    assert "does not fit vgg16" in saved("other shapes", {key: value[:1] for key, value in vgg_state().items()})


def test_weights_of_another_network_or_cut_short_are_refused(vgg_file, tmp_path):
    with pytest.raises(UserError, match="does not fit vgg19"):
        Vgg("vgg19", vgg_file, (1.0,) * 5, torch.device("cpu"))
    short = tmp_path / "short.pth"
    short.write_bytes(vgg_file.read_bytes()[:1000])
    assert "holds no weights" in vgg_refusal(short)


def vgg_refusal(path):
    pytest.importorskip("torchvision")
    with pytest.raises(UserError) as refusal:
        Vgg("vgg16", path, (1.0,) * 5, torch.device("cpu"))
    message = str(refusal.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_failed_download_names_both_ways_out(monkeypatch):
    models = pytest.importorskip("torchvision").models

    def fail(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(models.VGG16_Weights.DEFAULT.__class__, "get_state_dict", fail)
    with pytest.raises(UserError, match=r"cannot be downloaded \(no network\): .*--weights.*multiscale"):
        Vgg("vgg16", None, (1.0,) * 5, torch.device("cpu"))


def test_without_torchvision_vgg_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torchvision", None)
    with pytest.raises(UserError, match=r"vgg16 needs torchvision: pip install torchvision, or use multiscale"):
        Vgg("vgg16", None, (1.0,) * 5, torch.device("cpu"))


# The pool


def pool(size=8):
    states = torch.arange(1.0, size + 1)[:, None, None, None].expand(size, 2, 2, 4).clone()
    return Pool(states, torch.Generator().manual_seed(0))


def test_a_draw_is_of_distinct_states_and_a_copy():
    ours = pool()
    for _ in range(20):
        places, states = ours.draw(3, reset=False)
        assert len(set(places.tolist())) == 3
        assert torch.equal(states[:, 0, 0, 0], places + 1.0)
        states.zero_()
    assert torch.equal(ours.states, pool().states)


def test_draws_reach_the_whole_pool():
    ours = pool()
    assert {int(place) for _ in range(30) for place in ours.draw(3, reset=False)[0]} == set(range(8))


def test_a_reset_starts_the_first_state_anew():
    places, states = pool().draw(3, reset=True)
    assert not states[0].any()
    assert torch.equal(states[1:, 0, 0, 0], places[1:] + 1.0)


def test_states_are_put_back_where_they_came_from_without_their_graph():
    ours = pool()
    places, states = ours.draw(3, reset=False)
    ours.put(places, (states / 8).requires_grad_())
    assert not ours.states.requires_grad
    expected = [(n + 1) / 8 if n in places else n + 1.0 for n in range(8)]
    assert ours.states[:, 0, 0, 0].tolist() == expected


# The configuration


def test_presets_are_configurations():
    assert Config(**PRESETS["tiny"]).channels == 4
    assert {Config(**preset).features for preset in PRESETS.values()} == {"multiscale"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channels", 5),
        ("channels", 4.0),
        ("hidden", 6),
        ("hidden", 132),
        ("update", 0),
        ("size", 15),
        ("field", 1025),
        ("steps", 0),
        ("minutes", 0.0),
        ("minutes", float("nan")),
        ("batch", 0),
        ("batch", 257),
        ("shortest", 65),
        ("learning_rate", 0.0),
        ("features", "resnet"),
        ("layer_weights", (1.0,)),
        ("layer_weights", (1.0, -1.0)),
        ("layer_weights", (0.0, 0.0)),
        ("layer_weights", (1.0, float("inf"))),
        ("layer_weights", (1.0, float("nan"))),
        ("amp", "fp8"),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", True),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name_and_value(name, value):
    with pytest.raises(UserError, match=f"^{name} is .*: expected ") as refusal:
        Config(**{name: value})
    assert str(value) in str(refusal.value)


def test_unknown_settings_are_refused():
    with pytest.raises(UserError, match=r"unknown keys \['chanels'\]: expected some of \['channels', "):
        Config.of({"chanels": 4})


@pytest.mark.parametrize("features", FEATURES)
def test_each_kind_of_features_has_its_number_of_layer_weights(features):
    Config(features=features, layer_weights=(1.0,) * FEATURES[features])
    with pytest.raises(UserError, match=f"layer_weights is .*: expected {FEATURES[features]} numbers"):
        Config(features=features, layer_weights=(1.0,) * 4)


# The loop


def test_training_brings_the_style_loss_down():
    orange = (0.7 + 0.3 * noise(1, 3, 16, 16)) * torch.tensor([1, 0.5, 0.2])[:, None, None]
    style = [progress.style for progress in trainer(orange, plain=False, steps=80, learning_rate=0.01)]
    assert np.mean(style[-8:]) < 0.25 * style[0]


def test_progress_counts_to_the_end():
    steps = list(trainer())
    assert [each.step for each in steps] == [1, 2, 3, 4, 5, 6]
    assert [each.part for each in steps] == [n / 6 for n in range(1, 7)]
    assert [each.seconds for each in steps] == sorted(each.seconds for each in steps)


def test_the_same_seed_trains_the_same_weights_and_another_seed_others():
    first, again, other = trainer(), trainer(), trainer(seed=1)
    for each in (first, again, other):
        list(each)
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_training_neither_reads_nor_moves_the_callers_random_state():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    ours = trainer()
    list(ours)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    other = trainer()
    list(other)
    assert torch.equal(weights(ours), weights(other))


@pytest.mark.parametrize("amp", ["off", "bf16", "fp16"])
def test_resuming_goes_on_exactly_as_if_never_stopped(amp):
    whole, first, second = (trainer(plain=False, amp=amp) for _ in range(3))
    styles = [progress.style for progress in whole]
    stopped = iter(first)
    for _ in range(3):
        next(stopped)
    restore(second, {name: tensor.clone() for name, tensor in capture(first).items()})
    list(stopped)  # what the first does later must not reach the second
    assert [progress.style for progress in second] == styles[3:]
    assert torch.equal(weights(second), weights(whole))
    assert torch.equal(second.pool.states, whole.pool.states)
    assert second.scaler.state_dict() == whole.scaler.state_dict()


def test_a_captured_state_of_another_size_is_refused():
    with pytest.raises(UserError, match="cannot resume: the saved state does not fit the configuration"):
        restore(trainer(hidden=16), capture(trainer()))
    with pytest.raises(UserError, match="cannot resume"):
        restore(trainer(field=20), capture(trainer()))
    with pytest.raises(UserError, match="cannot resume"):
        restore(trainer(), {})


def test_minutes_end_training_by_the_clock(monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    steps = list(trainer(minutes=1.0, steps=1))  # each step takes 10 s
    assert [each.seconds for each in steps] == [10, 20, 30, 40, 50, 60]
    assert steps[-1].part == 1


def test_the_pool_grows_older_and_its_states_stay_on_the_rules_grid():
    ours = trainer(steps=10, learning_rate=0.01)
    list(ours)
    states = ours.pool.states * 1024
    assert states.any()
    assert torch.equal(states, states.round())
    assert states.abs().max() <= 2047


def test_rollouts_are_short_while_the_automaton_is_noise():
    ours, lengths = trainer(steps=50, shortest=10, longest=15), []
    ours.automaton.register_forward_pre_hook(lambda _, args: lengths.append(args[1]))
    list(ours)
    assert lengths[0] <= 5
    assert set(lengths[25:]) <= set(range(10, 16))
    assert len(set(lengths[25:])) > 3


def test_now_and_then_a_state_starts_anew(monkeypatch):
    """So that the texture always grows from nothing, and yet grows old."""
    ours, resets = trainer(steps=200, shortest=1, longest=1), []
    draw = ours.pool.draw

    def spy(batch, *, reset):
        resets.append(reset)
        return draw(batch, reset=reset)

    monkeypatch.setattr(ours.pool, "draw", spy)
    list(ours)
    assert 2 <= sum(resets) <= 100


def test_the_learning_rate_falls_towards_the_end():
    ours, rates = trainer(steps=20), []
    step = ours.optimizer.step
    ours.optimizer.step = lambda: rates.append(ours.optimizer.lr) or step()
    list(ours)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * rates[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("amp", ["auto", "off", "bf16"])
def test_training_runs_on_cuda_at_sizes_that_are_no_power_of_two(amp):
    ours = trainer(interpolate(stripes(16, 4), 24).cuda(), plain=False, size=24, field=20, amp=amp, steps=10)
    assert np.isfinite([progress.loss for progress in ours]).all()


def test_a_state_that_blew_up_is_not_kept():
    ours = trainer(plain=False)
    states = torch.stack([torch.full((16, 16, 4), 0.875), torch.full((16, 16, 4), 1.9)])
    ours.automaton.forward = lambda *_, **__: states.clone().requires_grad_()
    next(iter(ours))
    kept = ours.pool.states.flatten(1).amax(1).unique()
    assert kept.tolist() == [0, 0.875]
