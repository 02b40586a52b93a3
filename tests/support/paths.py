"""Where the checkout and its examples are."""

from pathlib import Path

__all__ = ["EXAMPLES", "LAVA", "ROOT"]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
LAVA = EXAMPLES / "lava.nca.json"
