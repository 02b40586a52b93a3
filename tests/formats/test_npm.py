"""The npm package, packed and installed away from the source tree: its files, its types, pages from a CDN, Vite."""

import json
import re
from functools import partial

import pytest

import nca
from documents import blocks
from elements import STRICT, shows_many_colours, wait
from make_npm import PARTS
from packages import SHOP, computes_them_twice, computes_torchs_bits, needs_npm, run, write
from paths import ROOT
from server import serve

CDN = "https://cdn.jsdelivr.net/npm/nca-texture"
PROJECT = SHOP | {
    "types.ts": """
        import { NoWebGL2, create, type Texture } from "nca-texture";
        import { NcaTexture, type Trouble } from "nca-texture/element";
        import lava from "nca-texture/textures/lava.nca.json";

        const element: HTMLElement = new NcaTexture();
        const nca = element as NcaTexture;
        nca.speed = 0.25;
        nca.step(3);
        nca.bundle = lava;
        nca.addEventListener("error", (event: Event) => {
          console.log((event as CustomEvent<{ type: Trouble }>).detail.type);
        });
        const { texture } = nca;
        export const own: Texture | null = nca.bundle && create(new OffscreenCanvas(1, 1), nca.bundle);
        export const size: number = texture?.width ?? create(new OffscreenCanvas(1, 1), lava).height;
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
GUIDE = "docs/npm.md"
TEXT = (ROOT / GUIDE).read_text(encoding="utf-8")
EXPORTS = """
  const names = async (address) => Object.keys(await import(address));
  const separate = [...(await names("nca-texture")), ...(await names("nca-texture/element"))].sort();
  console.log(`${separate}|${await names("./node_modules/nca-texture/dist/nca-texture.min.js")}`);
"""
pytestmark = needs_npm


@pytest.fixture(scope="module")
def project(tarball, tmp_path_factory):
    """A project with the package installed from its tarball."""
    folder = tmp_path_factory.mktemp("project")
    write(folder, PROJECT)
    run("npm", "install", "--offline", "--no-audit", "--no-fund", tarball, cwd=folder)
    return folder


@pytest.fixture
def package(project):
    return project / "node_modules" / "nca-texture"


@pytest.fixture
def from_cdn(package, complaining_tab, tmp_path):
    """Opens a page from disk, for which the package answers in place of the CDN."""

    def from_cdn(page):
        (tmp_path / "page.html").write_text(page)
        tab = complaining_tab(viewport={"width": 800, "height": 600}, fresh=True)
        tab.route(re.compile("^https:"), partial(answer, package))
        tab.goto((tmp_path / "page.html").as_uri())
        return tab

    return from_cdn


def answer(package, route):
    """As jsDelivr does: without a path it is the file that the package names, for pages of all origins."""
    settings = json.loads((package / "package.json").read_text())
    path = re.sub(f"^{CDN}(@[0-9.]+)?/?", "", route.request.url) or settings["jsdelivr"]
    route.fulfill(path=package / path, headers={"Access-Control-Allow-Origin": "*"})


def test_the_package_holds_sources_types_textures_and_licences(package):
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    sources = {f"viewer/{part}/{path.name}" for part in PARTS for path in (ROOT / "viewer" / part).iterdir()}
    types = {re.sub("^viewer(.*).js$", r"types\1.d.ts", name) for name in sources if name.endswith(".js")}
    textures = {f"textures/{path.name}" for path in (ROOT / "nca" / "gallery").glob("*.nca.json")}
    others = {"package.json", "README.md", "LICENSE", "NOTICE", "custom-elements.json", "dist/nca-texture.min.js"}
    assert files == sources | types | textures | others
    settings = json.loads((package / "package.json").read_text())
    assert settings["version"] == nca.__version__
    assert "devDependencies" not in settings
    assert all((package / settings[field]).exists() for field in ("unpkg", "jsdelivr", "customElements"))


def test_its_readme_names_each_texture_and_the_version(package):
    text = (package / "README.md").read_text()
    assert set(re.findall(r"nca-texture@([\d.]*\d)", text + TEXT)) == {nca.__version__.rpartition(".")[0]}
    [listed] = re.findall(r"as `NAME.nca.json`: (.*?)\. The", text, re.DOTALL)
    assert re.findall(r"\w{3,}", listed.replace(" and ", " ")) == sorted(
        path.name.partition(".")[0] for path in (ROOT / "nca" / "gallery").glob("*.nca.json")
    )


def test_its_types_fit_a_project_in_typescript(project):
    run(ROOT / "node_modules" / ".bin" / "tsc", cwd=project)


def test_its_modules_export_the_same_as_the_one_for_a_cdn(project):
    """In Node, where nothing is a DOM."""
    separate, whole = run("node", "--input-type=module", "--eval", EXPORTS, cwd=project).strip().split("|")
    assert "create" in separate
    assert separate == whole


def test_the_manifest_describes_all_attributes_methods_and_events(project, package):
    read = 'console.log((await import("nca-texture/element")).NcaTexture.observedAttributes.join())'
    attributes = run("node", "--input-type=module", "--eval", read, cwd=project).strip().split(",")
    [module] = json.loads((package / "custom-elements.json").read_text())["modules"]
    [element] = module["declarations"]
    assert (package / module["path"]).exists()
    assert element["tagName"] == "nca-texture"
    assert [each["name"] for each in element["attributes"]] == attributes
    members = {each["name"]: each for each in element["members"]}
    methods = {name for name, each in members.items() if each["kind"] == "method"}
    assert methods == {"play", "pause", "step", "reset", "erase", "keep", "restore", "toBlob", "check"}
    assert {each["name"] for each in element["events"]} == {"load", "error", "contextlost", "contextrestored"}
    told = [*members.values(), *element["attributes"], *element["events"]]
    assert all(each["description"] for each in told)


def test_the_page_of_the_readme_shows_a_living_texture(package, from_cdn):
    [page] = re.findall("```html\n(.*?)```", (package / "README.md").read_text(), re.DOTALL)
    tab = from_cdn(page)
    wait(tab, "e.texture?.stepCount > 1")
    computes_torchs_bits(tab)
    assert tab.complaints == []


@pytest.mark.parametrize("block", blocks(GUIDE, "html"), ids=str)
def test_a_page_of_the_guide_shows_a_texture(block, from_cdn):
    tab = from_cdn(f"<!doctype html><title>Guide</title>{block.text}")
    shows_many_colours(tab)
    assert tab.complaints == []


@pytest.mark.parametrize("block", blocks(GUIDE, "js"), ids=str)
def test_a_script_of_the_guide_needs_no_build_with_its_import_map(block, from_cdn):
    [names] = re.findall('<script type="importmap">.*?</script>', TEXT, re.DOTALL)
    loaded = re.sub(
        r'import lava from ".*?(/.*)";', rf'const lava = await (await fetch("{CDN}\1")).json();', block.text
    )
    body = '<nca-texture grid="40x30"></nca-texture><canvas></canvas>'
    tab = from_cdn(f'<!doctype html><title>Guide</title>{names}<script type="module">{loaded}</script>{body}')
    computes_torchs_bits(tab)
    assert tab.complaints == []


def test_a_page_that_vite_bundles_computes_torchs_bits(project, complaining_tab):
    run(ROOT / "node_modules" / ".bin" / "vite", "build", cwd=project)
    with serve(project / "dist", STRICT) as site:
        tab = complaining_tab(viewport={"width": 800, "height": 600}, within=site.address)
        tab.goto(site.address)
        computes_them_twice(tab)
        assert tab.complaints == []
