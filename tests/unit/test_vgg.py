"""Features of trained networks, with random weights; and weights that are none."""

import os
import pickle
from functools import partial

import numpy as np
import pytest
import torch

from nca import UserError
from nca.features.registry import make_features
from nca.features.vgg import LAYERS, Vgg
from nca.training.config import Config
from nca.training.loss import StyleLoss
from nca.training.trainer import Trainer
from trainers import TINY, noise, stripes


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
    make = partial(make_features, config.features, weights=vgg_file)
    losses = [progress.loss for progress in Trainer(config, make, target)]
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
