"""Trains an automaton in floats as the published notebooks do, imports and verifies it, and draws docs/import.png.

`python tools/make_import.py [PICTURE [ITERATIONS]]`; by default examples/zebra.png, some ten minutes of one core.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from nca.features.interface import reflect
from nca.features.multiscale import Multiscale
from nca.picture import load_picture, natural_scale, scale_picture
from nca.training.loss import StyleLoss, overflow

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from notebooks import NotebookCA

ROOT = Path(__file__).parent.parent
FIELD, POOL, RESET = 48, 32, 8
SHORTEST, LONGEST = 16, 40  # steps of a rollout
RATE, OVERFLOW = 1e-3, 10.0


def main(picture: Path, iterations: int) -> None:
    """Train, import, and keep the picture of both textures."""
    automaton = train(target_of(picture), iterations)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, run = Path(folder) / f"{picture.stem}.pt", Path(folder) / "run"
        torch.save(automaton.state_dict(), checkpoint)
        for words in (["import", checkpoint, "-o", run], ["verify", run]):
            subprocess.run([sys.executable, "-m", "nca", *words], check=True)
        (run / "import.png").replace(ROOT / "docs" / "import.png")


def target_of(path: Path) -> Tensor:
    """(1, 3, side, side) in [0, 1], at the scale that an automaton learns."""
    picture = load_picture(path)
    return torch.tensor(scale_picture(picture, natural_scale(picture), 256) / 255).float().permute(2, 0, 1)[None]


def train(target: Tensor, iterations: int) -> NotebookCA:
    """The notebooks' loop: a pool, one state of a batch begun anew now and then, normalized gradients, Adam."""
    torch.manual_seed(0)
    automaton = NotebookCA()
    torch.nn.init.zeros_(automaton.w2.weight)
    style = StyleLoss(Multiscale(reflect(target, Multiscale.margin)), target)
    optimizer = torch.optim.Adam(automaton.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [iterations // 2, iterations * 4 // 5], 0.3)
    pool = torch.zeros(POOL, 12, FIELD, FIELD)
    for step in range(iterations):
        chosen = torch.randperm(POOL)[:2]
        states = pool[chosen]
        if step % RESET == 0:
            states[0] = 0
        for _ in range(int(torch.randint(SHORTEST, LONGEST, ()))):
            states = automaton(states, (torch.rand(2, 1, FIELD, FIELD) < 0.5).float())
        loss = 0.5 * style(states[:, :3] + 0.5).log() + OVERFLOW * overflow(states.permute(0, 2, 3, 1))
        optimizer.zero_grad()
        loss.backward()
        for parameter in automaton.parameters():
            parameter.grad /= parameter.grad.norm() + 1e-8
        optimizer.step()
        schedule.step()
        pool[chosen] = states.detach()
        if step % 50 == 0:
            print(f"{step:5} {loss.item():.3f}", flush=True)
    return automaton


if __name__ == "__main__":
    given = [*sys.argv[1:], *[str(ROOT / "examples" / "zebra.png"), "1200"][len(sys.argv) - 1 :]]
    main(Path(given[0]), int(given[1]))
