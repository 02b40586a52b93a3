"""MkDocs calls these when it builds the site: they add the gallery, the page's code, and files outside of docs/.

mkdocs.yml names this file. Links keep the form that works on GitHub: a link out of docs/ leads, on the site, to a page
that shows the file.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from nca.export.addresses import addresses
from nca.export.bundle import Bundle
from nca.export.formats.element import render_element
from nca.export.formats.embed import render_embed
from nca.export.formats.module import render_module
from nca.export.formats.page import page_shaders
from nca.export.formats.shadertoy import render_tabs
from nca.export.gallery import shipped
from nca.export.js.modules import read_modules, read_viewer

ROOT = Path(__file__).parents[2]
POSTERS = ROOT / "build" / "posters"
CODE = ROOT / "viewer" / "site" / "code"
PAGES = ["CHANGELOG.md", "CONTRIBUTING.md"]  # of the checkout's root, which the site shows
START = {"README.md": "index.md"}
PLAY = "play"  # the site's folder of what the pages run
SOURCE = "source"  # the site's folder of pages that show files
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
LANGUAGES = {".ipynb": "json", ".yml": "yaml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add to the files of docs/ all that the pages link to or run."""
    for name in PAGES:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    for target in sorted(_linked(files)):
        files.append(File.generated(config, f"{SOURCE}/{target}.md", content=_shown(ROOT / target)))
    for name, content in _played():
        files.append(File.generated(config, f"{PLAY}/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links out of docs/ into links of the site."""
    folder = _folder(page.file)
    return LINK.sub(lambda link: _moved(link[1], folder, page.file.src_uri), markdown)


def on_page_context(context: dict[str, object], page: Page, **_: object) -> dict[str, object]:
    """What the playground's template needs."""
    if page.meta.get("template") == "playground.html":
        bundles = shipped()
        context["textures"] = list(zip(addresses(each.name for each in bundles), bundles, strict=True))
        context["code"] = {path.stem: path.read_text(encoding="utf-8") for path in CODE.glob("*.txt")}
        context["glsl"] = page_shaders(bundles[0].rule)
    return context


def on_post_page(output: str, **_: object) -> str:
    """Name the theme's search for those who hear the page."""
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"')


def _played() -> Iterator[tuple[str, str | bytes]]:
    """The files that the pages run, by name: code, styles, and for each texture all that the playground offers."""
    bundles = shipped()
    yield "site.css", read_viewer("site/site.css")
    yield "playground.js", read_modules("site/playground.js")
    yield "nca-texture.js", render_element(bundles[0])["nca-texture.js"]
    yield "nca.js", render_module(bundles[0])["nca.js"]
    for name, bundle, poster in zip(addresses(each.name for each in bundles), bundles, _posters(bundles), strict=True):
        tabs = {file: text for file, text in render_tabs(bundle).items() if file.endswith(".glsl")}
        yield f"{name}.webp", poster
        yield f"{name}.nca.json", bundle.to_json()
        yield f"{name}.html", render_embed(bundle, poster)
        yield f"{name}.tabs.json", json.dumps(tabs)


def _posters(bundles: list[Bundle]) -> list[bytes]:
    """Small pictures. They take torch most of the time of a build, so they are kept."""
    paths = [POSTERS / f"{bundle.fingerprint}.webp" for bundle in bundles]
    missing = [(path, bundle) for path, bundle in zip(paths, bundles, strict=True) if not path.exists()]
    if missing:
        from nca.export.pictures.snapshots import posters  # imports torch

        POSTERS.mkdir(parents=True, exist_ok=True)
        for (path, _), poster in zip(missing, posters(bundle for _, bundle in missing), strict=True):
            path.write_bytes(poster)
    return [path.read_bytes() for path in paths]


def _linked(files: Files) -> set[str]:
    """Files and folders of the checkout outside of docs/ that pages link to, but those that are pages themselves."""
    targets = {
        posixpath.normpath(posixpath.join(_folder(file), link))
        for file in files.documentation_pages()
        for link in LINK.findall(file.content_string)
    }
    return {each for each in targets if not each.startswith("docs/") and each not in [*PAGES, *START]}


def _folder(file: File) -> str:
    """The folder in the checkout of a page's source."""
    return "" if file.src_uri in PAGES else posixpath.dirname(f"docs/{file.src_uri}")


def _moved(link: str, folder: str, page: str) -> str:
    """Where a link of a page leads on the site."""
    if page.startswith(f"{SOURCE}/"):
        return link
    target = posixpath.normpath(posixpath.join(folder, link))
    if target.startswith("docs/"):
        there = target.removeprefix("docs/")
    else:
        there = START.get(target, target if target in PAGES else f"{SOURCE}/{target}.md")
    return posixpath.relpath(there, posixpath.dirname(page) or ".")


def _shown(path: Path) -> str:
    """A page that shows a file, or the names of those in a folder."""
    head = f"---\nsearch:\n  exclude: true\n---\n# {path.relative_to(ROOT).as_posix()}\n\n"
    if path.is_dir():
        return head + "".join(f"- `{each.name}`\n" for each in sorted(path.iterdir()) if each.is_file())
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return head + re.sub(r"(?<!!)\[([^]]*)\]\([^)]*\)", r"\1", text.partition("\n")[2])
    if path.suffix == ".ipynb":
        return head + "\n\n".join(map(_cell, json.loads(text)["cells"]))
    return head + _block(text, LANGUAGES.get(path.suffix, path.suffix[1:]))


def _cell(cell: dict[str, object]) -> str:
    text = "".join(cell["source"])
    return text.replace("\n# ", "\n## ") if cell["cell_type"] == "markdown" else _block(text, "python")


def _block(text: str, language: str) -> str:
    return f"````{language}\n{text.rstrip()}\n````\n"
