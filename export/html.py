"""The exported page: one HTML file that holds everything and opens from disk."""

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from nca.errors import UserError
from nca.export.bare import bare_css, bare_glsl
from nca.export.bundle import TYPES, Bundle, parse_fields
from nca.export.modules import read_modules, read_viewer, render_viewer
from nca.export.shaders import read_rule

__all__ = ["load_page", "render_embed", "render_page"]

_BYTE = r"-?(?:12[0-7]|1[01]\d|\d\d?)"
_MATRIX = re.compile(rf"(?<=mat4\(){_BYTE}(?:,{_BYTE}){{15}}(?=\))")
_EMBEDDED = re.compile(r'<script id="bundle" type="application/json">(.*?)</script>', re.DOTALL)


def render_page(bundle: Bundle) -> str:
    """One self-contained HTML page of a texture, with controls: it makes no request, no name can break out of it."""
    return _render("page", bundle, css=Markup(bare_css(read_viewer("page.css"))))  # noqa: S704 - our own file


def render_embed(bundle: Bundle) -> str:
    """A small page like it for an <iframe>: the texture alone, which a pointer wipes; a lost context begins anew."""
    return _render("embed", bundle)


def load_page(path: Path) -> Bundle:
    """The bundle in an exported page, its rule read from the shader that the page runs.

    Raises UserError that names the file and what is wrong with it.
    """
    try:
        return _parse(path.read_bytes().decode())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a page exported by nca") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _render(name: str, bundle: Bundle, **more: Markup) -> str:
    return render_viewer(
        f"{name}.html.j2",
        name=bundle.name,
        bundle=Markup(_script_json(_packed(bundle))),  # noqa: S704 - JSON that cannot close its element
        javascript=Markup(read_modules(f"{name}.js")),  # noqa: S704 - our own files
        **more,
    )


def _packed(bundle: Bundle) -> dict[str, Any]:
    """The bundle's fields, its matrices' numbers moved out of the step shader as bytes: a third less after gzip."""
    shaders = {name: bare_glsl(source) for name, source in bundle.shaders.items()}
    step = shaders["step"]
    weights = [int(weight) for matrix in _MATRIX.findall(step) for weight in matrix.split(",")]
    return bundle.fields() | {
        "fingerprint": bundle.rule.fingerprint,
        "weights": base64.b64encode(np.array(weights, np.int8).tobytes()).decode(),
        "shaders": shaders | {"step": _MATRIX.sub("@", step)},
    }


def _parse(page: str) -> Bundle:
    embedded = _EMBEDDED.search(page)
    if not embedded:
        raise UserError("no texture in it, expected a page exported by nca")
    fields = parse_fields(embedded[1], TYPES | {"weights": str, "fingerprint": str})
    shaders = fields["shaders"]
    step = _unpacked(shaders["step"], fields["weights"])
    rule = read_rule(step, fields["channels"])
    if rule.fingerprint != fields["fingerprint"]:  # a page holds its weights once, so nothing else could tell
        raise UserError(f"weights of fingerprint {rule.fingerprint}, expected {fields['fingerprint']}: export it again")
    return Bundle(fields["name"], rule, shaders | {"step": step}, fields["provenance"])


def _unpacked(step: str, weights: str) -> str:
    try:
        matrices = np.frombuffer(base64.b64decode(weights, validate=True), np.int8).reshape(step.count("@"), 16)
    except (binascii.Error, ValueError) as error:
        raise UserError(f"weights do not fit its step shader ({error})") from error
    numbers = iter(matrices.tolist())
    return re.sub("@", lambda _: ",".join(map(str, next(numbers))), step)


def _script_json(fields: dict[str, Any]) -> str:
    """JSON for a script element: no `<`, `>` or `&`, so nothing in it can end the element; ASCII throughout."""
    text = json.dumps(fields, separators=(",", ":"))
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)
