"""The exported page: one HTML file that holds everything and opens from disk."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from nca.errors import UserError
from nca.export.bare import bare_css, bare_glsl, plain_glsl
from nca.export.bundle import TYPES, Bundle, parse_fields
from nca.export.modules import read_modules, read_viewer, render_viewer
from nca.export.shaders import read_rule, render
from nca.files import file_name

__all__ = ["addresses", "load_page", "render_embed", "render_page"]

SETTINGS = ("paused", "seed", "size")  # which a page's address takes beside the name of a texture

_BYTE = r"-?(?:12[0-7]|1[01]\d|\d\d?)"
_MATRIX = re.compile(rf"(?<=mat4\(){_BYTE}(?:,{_BYTE}){{15}}(?=\))")
_EMBEDDED = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)


def render_page(*bundles: Bundle, title: str = "", posters: Sequence[bytes] = ()) -> str:
    """One self-contained HTML page of one texture or more, with controls: it makes no request, no name can break out.

    title: of the page, else the first texture's name.
    posters: a WebP picture of each texture, for the gallery and for browsers that cannot run it.
    """
    shown = zip_longest(addresses(bundles), bundles, posters)
    return render_viewer(
        "page.html.j2",
        title=title or bundles[0].name,
        textures=[_card(address, bundle, poster) for address, bundle, poster in shown],
        css=Markup(bare_css(read_viewer("page.css"))),  # noqa: S704 - our own file
        glsl=Markup(bare_glsl(render("show.frag.j2", bundles[0].rule))),  # noqa: S704 - our own file
        javascript=_javascript("page.js"),
    )


def render_embed(bundle: Bundle) -> str:
    """A small page like it for an <iframe>: the texture alone, which a pointer wipes; a lost context begins anew."""
    plain = replace(bundle, shaders={name: plain_glsl(source) for name, source in bundle.shaders.items()})
    return render_viewer(
        "embed.html.j2", name=bundle.name, bundle=_script_json(_packed(plain)), javascript=_javascript("embed.js")
    )


def addresses(bundles: Iterable[Bundle]) -> list[str]:
    """What names each texture in the address of its page, behind the #: its name in small letters, once."""
    found: list[str] = []
    for bundle in bundles:
        plain = file_name(bundle.name)
        names = chain([plain], (f"{plain}-{n}" for n in count(2)))
        found.append(next(name for name in names if name not in (*SETTINGS, *found)))
    return found


def load_page(path: Path) -> dict[str, Bundle]:
    """The textures of an exported page by their addresses, each rule read from the shader that the page runs.

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


def _card(address: str, bundle: Bundle, poster: bytes | None) -> dict[str, object]:
    return {
        "address": address,
        "name": bundle.name,
        "bytes": f"{bundle.rule.byte_count:,} bytes",
        "poster": poster and f"data:image/webp;base64,{base64.b64encode(poster).decode()}",
        "bundle": _script_json(_packed(bundle)),
    }


def _javascript(module: str) -> Markup:
    return Markup(read_modules(module))  # noqa: S704 - our own files


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


def _parse(page: str) -> dict[str, Bundle]:
    bundles = [_parse_texture(text) for text in _EMBEDDED.findall(page)]
    if not bundles:
        raise UserError("no texture in it, expected a page exported by nca")
    return dict(zip(addresses(bundles), bundles, strict=True))


def _parse_texture(text: str) -> Bundle:
    fields = parse_fields(text, TYPES | {"weights": str, "fingerprint": str})
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


def _script_json(fields: dict[str, Any]) -> Markup:
    """JSON for a script element: no `<`, `>` or `&`, so nothing in it can end the element; ASCII throughout."""
    text = json.dumps(fields, separators=(",", ":"))
    return Markup(re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text))  # noqa: S704 - cannot close its element
