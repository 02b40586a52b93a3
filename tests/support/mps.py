"""The operators that PyTorch has for MPS, from the table that its code is generated from."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import yaml

__all__ = ["lacking"]

TABLE = "packaged/ATen/native/native_functions.yaml"
EVERYWHERE = ("MPS", "CompositeExplicitAutograd", "CompositeImplicitAutograd", "CompositeExplicitAutogradNonFunctional")


def lacking(operators):
    """Names of those operators, such as aten.mm.default, that have no kernel for MPS."""
    names = {str(each).removeprefix("aten.").removesuffix(".default") for each in operators if each.namespace == "aten"}
    return sorted(name for name in names if not _has(name))


@cache
def _table():
    [folder] = find_spec("torchgen").submodule_search_locations
    entries = yaml.load((Path(folder) / TABLE).read_text(), yaml.CSafeLoader)
    return {entry["func"].partition("(")[0]: entry for entry in entries}


def _has(name):
    entry = _table().get(name, {"dispatch": {}})
    if "structured_delegate" in entry:
        return _has(entry["structured_delegate"])
    keys = ", ".join(entry.get("dispatch", {"CompositeImplicitAutograd": ""}))
    return not set(EVERYWHERE).isdisjoint(keys.split(", "))
