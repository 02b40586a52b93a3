"""The bundle alone."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, one_file
from nca.export.proof import proved

__all__ = ["JSON"]


def _render(bundle: Bundle) -> str:
    return proved(bundle).to_json()


JSON = Format("the bundle, for the element, the module and the notebook", ".nca.json", one_file(_render))
