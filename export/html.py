"""The exported page: one HTML file that holds everything and opens from disk."""

import base64
import binascii
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from nca.errors import UserError
from nca.export.bundle import TYPES, Bundle, parse_fields
from nca.export.minify import minify
from nca.export.shaders import read_rule

__all__ = ["join_modules", "load_page", "read_modules", "render_page", "template"]

_COMMENT = re.compile(r"^\s*//.*\n|\s+// .*$", re.MULTILINE)
_IMPORT = re.compile(r'^import \{.*\} from "\./.*";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class|const|function)", re.MULTILINE)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b.*|\bimport[.(].*|</script.*|<!--.*", re.MULTILINE)
_BYTE = r"-?(?:12[0-7]|1[01]\d|\d\d?)"
_MATRIX = re.compile(rf"(?<=mat4\(){_BYTE}(?:,{_BYTE}){{15}}(?=\))")
_EMBEDDED = re.compile(r'<script id="bundle" type="application/json">(.*?)</script>', re.DOTALL)


def render_page(bundle: Bundle) -> str:
    """One self-contained HTML page of a texture; it makes no request, and no name can break out of it."""
    return template("page.html.j2").render(
        name=bundle.name,
        css=Markup(_bare(_read("page.css"))),  # noqa: S704 - our own files, and JSON that cannot close its element
        bundle=Markup(_script_json(_packed(bundle))),  # noqa: S704
        javascript=Markup(read_modules("pace.js", "nca.js", "page.js")),  # noqa: S704
    )


def template(name: str) -> Template:
    """One of the viewer's, in which what is inserted is escaped for HTML."""
    return Environment(
        loader=PackageLoader("nca.viewer", "."),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
    ).get_template(name)


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


@cache
def read_modules(*names: str, exporting: bool = False) -> str:
    """Modules of the viewer, by file name and dependencies first, joined and made small."""
    return minify(join_modules(*map(_read, names), exporting=exporting))


def join_modules(*modules: str, exporting: bool = False) -> str:
    """One script from plain modules, dependencies first: imports between them dropped, and their exports unless kept.

    Raises ValueError where a module uses a form of import or export that this does not know.
    """
    module = _IMPORT.sub("", "".join(modules))
    script = _EXPORT.sub("", module)
    if unknown := _UNKNOWN.search(script):
        raise ValueError(f"cannot join modules at: {unknown[0]}")
    return module if exporting else script


def _read(name: str) -> str:
    return files("nca.viewer").joinpath(name).read_text(encoding="utf-8")


def _bare(code: str) -> str:
    """CSS or GLSL without comments and indentation."""
    return re.sub(r"^\s+", "", _COMMENT.sub("", code), flags=re.MULTILINE)


def _packed(bundle: Bundle) -> dict[str, Any]:
    """The bundle's fields, its matrices' numbers moved out of the step shader as bytes: a third less after gzip."""
    shaders = {name: _bare(source) for name, source in bundle.shaders.items()}
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
