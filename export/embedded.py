"""The data of an exported page: textures as JSON, and shaders with marks in place of a rule's numbers.

viewer/data/embedded.js reads it in the page, `load_page` in Python.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup

from nca.errors import UserError
from nca.export.addresses import addresses
from nca.export.bundle import TYPES, Bundle, parse_fields
from nca.export.js.strip import bare_glsl
from nca.reading import read_file

__all__ = ["embed_shaders", "embed_texture", "load_page"]

_TEXTURE = '<script type="application/json">'
_OLD = re.compile(r'"update":\d+,"weights":"')  # earlier pages held one text of matrices, and the rest in the shader


def embed_texture(bundle: Bundle) -> Markup:
    """A texture as JSON for a script element: the bundle's fields and its fingerprint."""
    text = json.dumps(bundle.fields() | {"fingerprint": bundle.fingerprint}, separators=(",", ":"))
    return Markup(re.sub("[<>&]", _escape, text))  # noqa: S704 - nothing in it can end its element


def embed_shaders(texts: Iterable[str]) -> Markup:
    """Shaders for one script element, each from its #version on."""
    return Markup("".join(map(bare_glsl, texts)))  # noqa: S704 - our own files


def load_page(path: Path) -> dict[str, Bundle]:
    """The textures of an exported page by their addresses.

    Raises UserError that names the file and what is wrong with it.
    """
    try:
        return _parse_page(read_file(path).decode())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a page exported by nca") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _parse_page(page: str) -> dict[str, Bundle]:
    bundles = [_parse_texture(text.partition("</script>")[0]) for text in page.split(_TEXTURE)[1:]]
    if not bundles:
        raise UserError("no texture in it, expected a page exported by nca")
    return dict(zip(addresses(bundle.name for bundle in bundles), bundles, strict=True))


def _parse_texture(text: str) -> Bundle:
    if _OLD.search(text):
        raise UserError("a page of an earlier version of nca, which this one cannot read: export its texture again")
    fields = parse_fields(text, TYPES | {"fingerprint": str})
    bundle = Bundle.from_data(fields)
    if bundle.fingerprint != fields["fingerprint"]:  # nothing else in a page tells of changed weights
        found, expected = bundle.fingerprint, fields["fingerprint"]
        raise UserError(f"weights of fingerprint {found}, expected {expected}: export it again")
    return bundle


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
