"""The npm package in projects that esbuild, webpack, Next.js, React and Vue build. They come from npm's registry."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager

import pytest

from documents import blocks
from elements import STRICT, ask, wait
from packages import SHOP, computes_them_twice, computes_torchs_bits, needs_npm, run, write
from paths import EXAMPLES
from server import HOST, free_port, serve

LAVA, EFFECT = blocks("docs/npm.md", "jsx")
[TYPED] = blocks("docs/npm.md", "tsx")
TYPES = """
    import lava from "nca-texture/textures/lava.nca.json";

    export const Guide = ({ setReady }: { setReady: (ready: boolean) => void }) => (TYPED);
""".replace("TYPED", TYPED.text)
BUNDLERS = {
    "esbuild": (["esbuild@0"], ["esbuild", "main.js", "--bundle", "--format=esm", "--minify", "--outdir=dist"]),
    "webpack": (
        ["webpack@5", "webpack-cli@7"],
        ["webpack", "--mode=production", "--entry=./main.js", "--output-path=dist"],
    ),
}
NEXT = {
    "package.json": '{"private": true}',
    "next.config.mjs": "export default { reactStrictMode: true, devIndicators: false };",
    "app/layout.jsx": """
        export const metadata = { title: "Shop", icons: "data:," };

        export default function Layout({ children }) {
          return <html lang="en"><body>{children}</body></html>;
        }
    """,
    "app/page.jsx": """
        import { Textures } from "./textures";

        export default function Page() {
          return <Textures />;
        }
    """,
    "app/lava.jsx": LAVA.text,
    "app/textures.jsx": """
        "use client";
        import { create } from "nca-texture";
        import lava from "nca-texture/textures/lava.nca.json";
        import { useEffect, useRef } from "react";
        import { Lava } from "./lava";

        export function Textures() {
          const canvas = useRef(null);
          useEffect(() => {
            globalThis.mounts = (globalThis.mounts ?? 0) + 1;
            const nca = create(canvas.current, lava, { width: 40, height: 30 });
            canvas.current.nca = nca;
            return () => nca.destroy();
          }, []);
          return <><Lava /><canvas ref={canvas} /><Guide /></>;
        }

        function Guide() {
          const canvas = useRef(null);
          EFFECT
          return <canvas ref={canvas} />;
        }
    """.replace("EFFECT", EFFECT.text),
}
# What React and Next.js say of themselves while a page is developed.
OF_DEVELOPMENT = ("%cDownload the React DevTools", "[HMR]", "[Fast Refresh]")
VIEWPORT = {"width": 800, "height": 600}
pytestmark = [needs_npm, pytest.mark.rare]


def complaints(tab):
    return [text for text in tab.complaints if not text.startswith(OF_DEVELOPMENT)]


def install(folder, *packages):
    run("npm", "install", "--no-audit", "--no-fund", *packages, cwd=folder, timeout=600)
    return folder / "node_modules" / ".bin"


@pytest.mark.parametrize("name", BUNDLERS)
def test_a_page_that_a_bundler_makes_computes_torchs_bits(name, tarball, tmp_path, complaining_tab):
    packages, command = BUNDLERS[name]
    write(tmp_path, SHOP)
    programs = install(tmp_path, tarball, *packages)
    run(programs / command[0], *command[1:], cwd=tmp_path, timeout=600)
    shutil.copy(tmp_path / "index.html", tmp_path / "dist")
    with serve(tmp_path / "dist", STRICT) as site:
        tab = complaining_tab(viewport=VIEWPORT, within=site.address)
        tab.goto(site.address)
        computes_them_twice(tab)
        assert tab.complaints == []


@pytest.fixture(scope="module")
def next_project(tarball, tmp_path_factory):
    folder = tmp_path_factory.mktemp("next")
    write(folder, NEXT)
    install(folder, tarball, "next@16", "react@19", "react-dom@19")
    return folder


@contextmanager
def running(folder, command):
    """Next.js as a server. Gives its address."""
    port = free_port()
    program = [folder / "node_modules" / ".bin" / "next", command, "--hostname", HOST, "--port", str(port)]
    variables = os.environ | {"NEXT_TELEMETRY_DISABLED": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    with subprocess.Popen(program, cwd=folder, env=variables, **options) as server:
        try:
            told = []
            while "Ready in" not in "".join(told):
                told.append(server.stdout.readline())
                assert told[-1], "".join(told)
            yield f"http://{HOST}:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


@pytest.mark.parametrize(("command", "mounts"), [("start", 1), ("dev", 2)])
def test_next_renders_it_on_the_server_and_goes_on_in_the_browser(next_project, complaining_tab, command, mounts):
    """While a page is developed, React's StrictMode mounts each component twice."""
    if command == "start":
        run(
            next_project / "node_modules" / ".bin" / "next",
            "build",
            cwd=next_project,
            timeout=600,
            NEXT_TELEMETRY_DISABLED="1",
        )
    with running(next_project, command) as address:
        tab = complaining_tab(viewport=VIEWPORT, within=address, fresh=True)
        answer = tab.goto(address, timeout=120_000)
        assert '<nca-texture brush="8" alt="Lava"></nca-texture>' in answer.text()
        wait(tab, f"globalThis.mounts >= {mounts}")
        computes_torchs_bits(tab)
        ask(tab, "(e.grid = '40x30', e.step(60), document.querySelector('canvas').nca.step(60))")
        assert ask(tab, "e.texture.read().join() == document.querySelector('canvas').nca.read().join()")
        assert complaints(tab) == []


def with_the_guides_types(folder):
    settings = (folder / "tsconfig.json").read_text()
    write(folder, {"tsconfig.json": settings.replace('"main.tsx"', '"main.tsx", "guide.tsx"'), "guide.tsx": TYPES})


@pytest.mark.parametrize(
    ("example", "mode"), [("react", "production"), ("react", "development"), ("vue", "production")]
)
def test_an_example_computes_torchs_bits(example, mode, tarball, tmp_path, complaining_tab):
    """In development, React's StrictMode mounts each component twice."""
    shutil.copytree(EXAMPLES / example, tmp_path, dirs_exist_ok=True)
    if example == "react":
        with_the_guides_types(tmp_path)
    install(tmp_path, tarball)
    run("npm", "run", "build", cwd=tmp_path, timeout=600, NODE_ENV=mode)
    with serve(tmp_path / "dist") as site:
        tab = complaining_tab(viewport=VIEWPORT, within=site.address)
        tab.goto(site.address)
        wait(tab, "all[1]?.texture?.stepCount > 1 && e.texture.stepCount > 1")
        tab.get_by_role("button", name="Pause").click()
        wait(tab, "e.paused && all[1].paused")
        computes_torchs_bits(tab)
        steps = ask(tab, "e.texture.stepCount")
        tab.get_by_role("button", name="Play").click()
        wait(tab, f"!e.paused && e.texture.stepCount > {steps}")
        assert complaints(tab) == []
        with tab.expect_event("dialog") as told:
            ask(tab, "(e.src = 'none.json', 0)")
        assert "404" in told.value.message
        told.value.dismiss()
