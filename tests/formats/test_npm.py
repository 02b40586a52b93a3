"""The npm package, packed, installed away from the source tree and used by a project that Vite bundles."""

import json
import subprocess

import numpy as np
import pytest

import nca
from elements import STRICT, ask, state, wait
from nca.export.bundle import Bundle
from nca.rule.reference import reference_rollout, seed_state
from packages import install, needs_npm
from paths import ROOT
from rules import random_rule
from server import serve

RULE = random_rule(12, 48, seed=1)
PROJECT = {
    "package.json": '{"type": "module", "private": true}',
    "index.html": '<!doctype html><title>Shop</title><script type="module" src="main.js"></script>'
    '<nca-texture src="/moss.nca.json" paused grid="40x30" alt="Moss"></nca-texture><canvas></canvas>',
    "main.js": """
        import { create } from "nca-texture";
        import "nca-texture/element";

        const bundle = await (await fetch("/moss.nca.json")).json();
        const canvas = document.querySelector("canvas");
        canvas.nca = create(canvas, bundle, { width: 40, height: 30 });
    """,
    "types.ts": """
        import { NoWebGL2, create, type Texture } from "nca-texture";
        import { NcaTexture, type Trouble } from "nca-texture/element";

        const element: HTMLElement = new NcaTexture();
        const nca = element as NcaTexture;
        nca.speed = 0.25;
        nca.step(3);
        nca.addEventListener("error", (event: Event) => {
          console.log((event as CustomEvent<{ type: Trouble }>).detail.type);
        });
        const { texture } = nca;
        export const own: Texture | null = nca.bundle && create(new OffscreenCanvas(1, 1), nca.bundle);
        export const size: number = texture?.width ?? create(new OffscreenCanvas(1, 1), nca.bundle!).height;
        export const missing = (error: unknown) => error instanceof NoWebGL2;
        // @ts-expect-error: a number
        nca.seed = "seven";

        const found = document.querySelector("nca-texture")!;
        found.play();
        found.speed = 2;
        found.addEventListener("error", ({ detail }) => console.log(detail.type satisfies Trouble, detail.message));
        found.addEventListener("error", (event) => console.log((event as CustomEvent).detail.type));
        found.addEventListener("load", () => found.pause());
        const made = document.createElement("nca-texture");
        made.brush = 4;
        made.bundle = null;
        const running = create(new OffscreenCanvas(1, 1), {} as any);
        running.step(3);
        running.speed = 1;
    """,
    "tsconfig.json": '{"compilerOptions": {"strict": true, "noEmit": true, "module": "es2022", "target": "es2022",'
    ' "moduleResolution": "bundler", "types": []}, "files": ["types.ts"]}',
}
RUNTIME = [
    *(
        "attach",
        "automaton",
        "bind",
        "cell",
        "check",
        "create",
        "decode",
        "display",
        "ease",
        "history",
        "host",
        "learn",
        "loop",
    ),
    *("nca", "pace", "passes", "pointers", "recovery", "snapshot", "still", "target", "texture", "wipe"),
]
DATA = ["bundle", "check", "complete", "embedded", "fill", "made", "marks", "templates", "unroll"]
ELEMENT = ["attributes", "element", "screen", "shared"]
pytestmark = needs_npm


def run(*command, cwd):
    ran = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with the package installed from its tarball."""
    folder = tmp_path_factory.mktemp("project")
    install()
    run("npm", "pack", "--pack-destination", folder, cwd=ROOT)
    for name, text in PROJECT.items():
        (folder / name).write_text(text)
    (folder / "public").mkdir()
    (folder / "public" / "moss.nca.json").write_text(Bundle.of(RULE, "Moss").to_json())
    run("npm", "install", "--offline", "--no-audit", "--no-fund", *folder.glob("*.tgz"), cwd=folder)
    return folder


def test_the_package_holds_sources_types_and_licence(project):
    package = project / "node_modules" / "nca-texture"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    folders = {"runtime": RUNTIME, "element": ELEMENT, "data": DATA}
    names = [f"{folder}/{name}" for folder, modules in folders.items() for name in modules]
    code = {f"viewer/{name}.js" for name in names} | {f"types/{name}.d.ts" for name in names}
    assert files == code | {"package.json", "README.md", "LICENSE", "viewer/element/tag.d.ts"}
    assert json.loads((package / "package.json").read_text())["version"] == nca.__version__


def test_its_types_fit_a_project_in_typescript(project):
    run(ROOT / "node_modules" / ".bin" / "tsc", cwd=project)


def test_a_bundled_page_computes_torchs_bits(project, browser):
    run(ROOT / "node_modules" / ".bin" / "vite", "build", cwd=project)
    expected = reference_rollout(RULE, seed_state(RULE, 30, 40), 60, seed=0).numpy()
    with serve(project / "dist", STRICT) as site:
        tab = browser.new_page()
        complaints = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(site.address)
        wait(tab, "e.texture && document.querySelector('canvas').nca")
        ask(tab, "(e.step(60), document.querySelector('canvas').nca.step(60))")
        assert np.array_equal(state(tab), expected)
        assert ask(tab, "e.texture.read().join() == document.querySelector('canvas').nca.read().join()")
        assert complaints == []
        tab.close()
