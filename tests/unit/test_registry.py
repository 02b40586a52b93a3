"""The registry of feature extractors: names, options, and what a new extractor needs."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nca import UserError
from nca.features.registry import EXTRACTORS, Extractor, Options, make_features
from nca.training.config import Config
from trainers import Colours, noise


@pytest.fixture
def colours(monkeypatch):
    """An extractor of one file and one line of the registry; returns what its `make` was given."""
    given = []
    module = ModuleType("nca.features.colours")
    module.make = lambda *arguments: given.append(arguments) or Colours()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(EXTRACTORS, "colours", Extractor("colours", layer_weights=1))
    return given


def test_a_file_and_a_line_add_an_extractor(colours):
    target = noise(1, 3, 16, 16)
    config = Config(features="colours", layer_weights=(2.0,))
    features = make_features(config.features, target, layer_weights=config.layer_weights, seed=7)
    assert isinstance(features, Colours)
    assert colours == [("colours", target, Options((2.0,), 7))]
    with pytest.raises(UserError, match=r"layer_weights is .*: expected 1 numbers"):
        Config(features="colours", layer_weights=(1.0, 1.0))


@pytest.mark.parametrize("name", ["multiscale", "imagenet", "mine.py:Edges"])
def test_a_file_of_weights_is_refused_where_none_is_read(name):
    with pytest.raises(UserError, match=r"x\.pth is for trained features: leave it out, or choose vgg16 or vgg19"):
        make_features(name, noise(1, 3, 16, 16), weights=Path("x.pth"))


def test_the_names_are_known_without_torch():
    code = "import sys, nca.features.registry, nca.training.config; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
