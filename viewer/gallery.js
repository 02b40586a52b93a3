/**
 * The textures of a page: those it came with and those brought later, each with a card and an address.
 *
 * @import { Options } from "./automaton.js"
 * @import { Stage } from "./stage.js"
 * @import { Embedded } from "./embedded.js"
 * @typedef {{ address?: string, seed?: string | number, size?: string | null }} Wanted
 */

import { $, say } from "./dom.js";
import { settings, unpack } from "./embedded.js";
import { Texture } from "./nca.js";
import { paintable } from "./painted.js";

const POSTER = 96; // cells
const GROWN = 100; // steps, at least, of a texture that sits for its poster

/** What a rule weighs: its trained numbers, and its bytes as a run folder holds them. @param {Embedded} bundle */
export function weight({ channels, hidden }) {
  const products = 5 * channels * hidden;
  return { parameters: products + hidden, bytes: products + 5 * hidden + channels };
}

/** @param {number} count */
export const grouped = (count) => count.toLocaleString("en");

export class Gallery {
  /** Each texture by its address: the script that holds it, until it is wanted. @type {Map<string, Element | Embedded>} */
  #textures = new Map();
  /** Of the one that is shown. */
  address = "";

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const scripts = document.querySelectorAll("script[type*=json]");
    this.#cards.forEach((card, i) => this.#textures.set(card.hash.slice(1), scripts[i]));
    $("#textures ul").onclick = (event) => this.#click(event);
    $("#previous").onclick = () => this.turn(-1);
    $("#next").onclick = () => this.turn(1);
    onhashchange = () => this.open();
  }

  get #cards() {
    return /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("#textures li a")]);
  }

  /** The one that is shown. */
  get bundle() {
    return this.#bundle(this.address);
  }

  /** Opens what the page's address asks for, else the first. */
  open() {
    const { given, size: [width, height] = [], seed } = settings();
    const addresses = [...this.#textures.keys()];
    const address = addresses.find((each) => given.has(each)) ?? addresses[0];
    try {
      this.#open(address, { width, height, seed });
    } catch (error) {
      if (!this.stage.nca) throw error;
      say(/** @type {Error} */ (error).message); // what was open stays
    }
  }

  /** @param {string} address @param {Options} options */
  #open(address, options) {
    const before = this.address;
    if (before) this.#sit();
    try {
      this.address = address;
      this.stage.open(this.bundle, options);
      this.#describe();
    } catch (error) {
      this.address = before;
      throw error;
    }
  }

  /** Does again what a session tells of. @param {any} session as the texture's own session() gives it */
  async replay(session) {
    const [first] = session.bundles.map((/** @type {Embedded} */ bundle) => this.#find(bundle) ?? this.add(bundle));
    this.#open(first, session);
    history.replaceState(null, "", this.hash({ seed: session.seed, size: `${session.width}x${session.height}` }));
    await this.stage.nca.replay(session);
    this.stage.draw();
  }

  /** The address of a texture that does the same. @param {Embedded} bundle */
  #find({ shaders }) {
    return [...this.#textures.keys()].find((address) => this.#bundle(address).shaders.step == shaders.step);
  }

  /** The part of the page's address that tells of this texture, or another one, with this seed and grid, or others. @param {Wanted} wanted */
  hash({ address = this.address, seed = settings().seed, size = settings().given.get("size") } = {}) {
    const given = Object.entries({ seed, size }).filter(([, value]) => value);
    return "#" + [address, ...given.map((pair) => pair.join("="))].join("&");
  }

  /** Opens another texture, seed or grid, by the page's address. @param {Wanted} wanted */
  go(wanted) {
    location.hash = this.hash(wanted);
  }

  /** The texture so many places on. @param {number} by */
  turn(by) {
    const addresses = [...this.#textures.keys()];
    this.go({ address: addresses.at((addresses.indexOf(this.address) + by) % addresses.length) });
  }

  /** Takes in a texture that someone brings. @param {Embedded} bundle @returns its address @throws where it does not run */
  add(bundle) {
    const trial = new Texture(this.stage.gl, bundle, { width: 8, height: 8 });
    trial.step();
    trial.pixels();
    trial.destroy();
    const plain = bundle.name.toLowerCase().replace(/[^a-z0-9.]+/g, "-") || "texture";
    let address = plain;
    for (let n = 2; this.#textures.has(address); n++) address = `${plain}-${n}`;
    this.#textures.set(address, bundle);
    $("#textures ul").append(card(address, bundle));
    return address;
  }

  /** The number, in the field that is shown, of the texture chosen to paint with. */
  ink() {
    return this.stage.nca.add(this.#bundle($("#own").value));
  }

  /** @param {string} address */
  #bundle(address) {
    const found = /** @type {Element | Embedded} */ (this.#textures.get(address));
    const bundle = found instanceof Element ? unpack(found) : found;
    this.#textures.set(address, bundle);
    return bundle;
  }

  /** A link as such where a new tab is asked for; else grid and seed stay. @param {MouseEvent} event */
  #click(event) {
    const link = /** @type {Element} */ (event.target).closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.go({ address: link.hash.slice(1) });
  }

  #describe() {
    const { name } = this.bundle;
    const { parameters, bytes } = weight(this.bundle);
    document.title = $("h1").textContent = name;
    $("#facts").textContent = `${grouped(parameters)} parameters, ${grouped(bytes)} bytes`;
    for (const card of this.#cards) card.ariaCurrent = `${card == this.#card}`;
    const [alone, plain] = [this.#textures.size < 2, !paintable(this.bundle)];
    $("#previous").hidden = $("#next").hidden = alone;
    $("label:has([value=own])").hidden = alone || plain;
    $("label:has([value=slow])").hidden = $("label:has(#turn)").hidden = plain;
    const cards = this.#cards.sort((a, b) => +(a == this.#card) - +(b == this.#card)); // whom others are painted over, last
    $("#own").replaceChildren(...cards.map((card) => new Option($("b", card).textContent ?? "", card.hash.slice(1))));
  }

  get #card() {
    return this.#cards.find((card) => card.hash.slice(1) == this.address);
  }

  /** A texture that came without a poster sits for one before it goes. */
  #sit() {
    const { nca } = this.stage;
    if (!this.#card || this.#card.querySelector("img") || nca.stepCount < GROWN) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: POSTER, height: POSTER });
    canvas.getContext("2d")?.putImageData(new ImageData(nca.pixels(), nca.width), 0, 0);
    this.#card.prepend(Object.assign(new Image(POSTER, POSTER), { src: canvas.toDataURL(), alt: "" }));
  }
}

/** @param {string} address @param {Embedded} bundle */
function card(address, bundle) {
  const link = Object.assign(document.createElement("a"), { href: "#" + address });
  const [name, bytes, item] = ["b", "small", "li"].map((tag) => document.createElement(tag));
  name.textContent = bundle.name;
  bytes.textContent = `${grouped(weight(bundle).bytes)} bytes`;
  link.append(name, bytes);
  item.append(link);
  return item;
}
