"""npm packages for the tests that need them, and a project that uses ours."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from elements import ask, state, wait
from install_packages import main as install_packages
from nca.export.bundle import load_bundle
from nca.rule.reference import reference_rollout, seed_state
from paths import ROOT

__all__ = ["SHOP", "computes_them_twice", "computes_torchs_bits", "install", "needs_npm", "run", "write"]

LAVA = load_bundle(ROOT / "nca" / "gallery" / "lava.nca.json").rule
SHOP = {
    "package.json": '{"type": "module", "private": true}',
    "index.html": '<!doctype html><title>Shop</title><script type="module" src="main.js"></script>'
    '<nca-texture paused grid="40x30" alt="Lava"></nca-texture><canvas></canvas>',
    "main.js": """
        import { create } from "nca-texture";
        import "nca-texture/element";
        import lava from "nca-texture/textures/lava.nca.json";

        const canvas = document.querySelector("canvas");
        document.querySelector("nca-texture").bundle = lava;
        canvas.nca = create(canvas, lava, { width: 40, height: 30 });
    """,
}

WITHOUT = not shutil.which("npm") and not os.environ.get("CI")
REASON = "npm is not installed; CI must have it"

needs_npm = pytest.mark.skipif(WITHOUT, reason=REASON)


def install():
    """Install what package.json names. Without npm the test is skipped, also where a fixture asks."""
    if WITHOUT:
        pytest.skip(REASON)
    install_packages()


def run(*command, cwd, timeout=120, **variables):
    """The standard output of a command that succeeds. variables: of its environment."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def write(folder, files):
    """Write texts by their paths in a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def computes_torchs_bits(tab):
    """The first element of a page, which shows lava, after 60 more steps."""
    wait(tab, "e?.texture")
    ask(tab, "(e.pause(), e.step(60))")
    width, height, steps = ask(tab, "[e.texture.width, e.texture.height, e.texture.stepCount]")
    expected = reference_rollout(LAVA, seed_state(LAVA, height, width), steps, seed=0)
    assert np.array_equal(state(tab), expected.numpy())


def computes_them_twice(tab):
    """The element and the canvas of a shop."""
    wait(tab, "document.querySelector('canvas').nca")
    computes_torchs_bits(tab)
    ask(tab, "document.querySelector('canvas').nca.step(60)")
    assert ask(tab, "e.texture.read().join() == document.querySelector('canvas').nca.read().join()")
