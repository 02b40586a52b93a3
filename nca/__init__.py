"""Living textures: neural cellular automata from torch to WebGL2, the same bits on both sides."""

from nca.errors import UserError
from nca.rule import Rule

__all__ = ["Rule", "UserError", "__version__"]

__version__ = "0.1.0"
