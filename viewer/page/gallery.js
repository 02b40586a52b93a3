/**
 * The textures of a page: those in the page and those that users open later. Each has a card and an address.
 *
 * @import { Options } from "../runtime/automaton.js"
 * @import { Stage } from "./stage.js"
 * @import { Made } from "../data/fill.js"
 * @typedef {{ address?: string, seed?: string | number, size?: string | null }} Wanted
 */

import { address } from "./address.js";
import { asked } from "./asked.js";
import { accept, fromPage } from "../data/bundle.js";
import { $, say } from "./dom.js";
import { unpack } from "../data/embedded.js";
import { Texture } from "../runtime/texture.js";
import { checkSession } from "../session/check.js";
import { paintable } from "../session/painter.js";

const POSTER = 96; // cells: the side of a poster
const GROWN = 100; // steps that a texture has taken at least when its poster is made

/** The size of a texture: the number of trained parameters, and their bytes in a run folder. @param {Made} bundle */
export function weight({ channels, hidden, decoder }) {
  const products = 5 * channels * hidden;
  const { units = 0, grain = 0 } = decoder ?? {};
  const painted = units * (channels + grain + 3); // products of the decoder
  const outputs = decoder ? 3 : 0;
  return {
    parameters: products + hidden + painted + units + outputs,
    bytes: products + 5 * hidden + channels + painted + 5 * (units + outputs),
  };
}

/** @param {number} count */
export const grouped = (count) => count.toLocaleString("en");

export class Gallery {
  /**
   * Each texture by its address. Until its first use, the value is the script that holds it.
   * @type {Map<string, Element | Made>}
   */
  #textures = new Map();
  /** The address of the current texture. */
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

  /** The bundle of the current texture. */
  get bundle() {
    return this.#bundle(this.address);
  }

  /** Opens the texture that the page's address names, or else the first one. */
  open() {
    const { given, size: [width, height] = [], seed } = asked();
    const addresses = [...this.#textures.keys()];
    const address = addresses.find((each) => given.has(each)) ?? addresses[0];
    try {
      this.#open(address, { width, height, seed });
    } catch (error) {
      if (!this.stage.nca) throw error;
      say(/** @type {Error} */ (error).message); // the texture that was open stays
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

  /** Opens the texture of a saved session and replays it, once all of it is checked. @param {any} session as Session.toJSON returns it */
  async replay(session) {
    const bundles = checkSession(session, accept);
    const [first] = bundles.map((bundle) => this.#find(bundle) ?? this.add(bundle));
    this.#open(first, session);
    history.replaceState(null, "", this.hash({ seed: session.seed, size: `${session.width}x${session.height}` }));
    await this.stage.session.replay({ ...session, bundles });
    this.stage.draw();
  }

  /** Returns the address of a texture with the same rule and decoder, if there is one. @param {Made} bundle */
  #find({ shaders }) {
    const same = (/** @type {Made} */ other) =>
      other.shaders.step == shaders.step && other.shaders.display == shaders.display;
    return [...this.#textures.keys()].find((address) => same(this.#bundle(address)));
  }

  /**
   * Returns the hash of the page's address for a texture, a seed and a grid. The defaults are the current ones.
   * @param {Wanted} wanted
   */
  hash({ address = this.address, seed = asked().seed, size = asked().given.get("size") } = {}) {
    const given = Object.entries({ seed, size }).filter(([, value]) => value);
    return "#" + [address, ...given.map((pair) => pair.join("="))].join("&");
  }

  /** Opens another texture, seed or grid: it changes the page's address. @param {Wanted} wanted */
  go(wanted) {
    location.hash = this.hash(wanted);
  }

  /** Opens the texture that is some places further in the list. @param {number} by */
  turn(by) {
    const addresses = [...this.#textures.keys()];
    this.go({ address: addresses.at((addresses.indexOf(this.address) + by) % addresses.length) });
  }

  /** Adds a texture that a user opens. @param {Made} bundle @returns its address @throws if it does not run */
  add(bundle) {
    const trial = new Texture(this.stage.gl, bundle, { width: 8, height: 8 });
    trial.step();
    trial.pixels();
    trial.destroy();
    const free = address(bundle.name, this.#textures);
    this.#textures.set(free, bundle);
    $("#textures ul").append(card(free, bundle));
    return free;
  }

  /** Adds the texture that the user chose to paint with to the current field. @returns its owner number */
  ink() {
    return this.stage.session.painter.add(this.#bundle($("#own").value));
  }

  /** @param {string} address */
  #bundle(address) {
    const found = /** @type {Element | Made} */ (this.#textures.get(address));
    const bundle = found instanceof Element ? fromPage(unpack(found)) : found;
    this.#textures.set(address, bundle);
    return bundle;
  }

  /**
   * Opens the texture of a clicked card and keeps the grid and the seed. With Ctrl, Meta or Shift, the browser follows
   * the link as usual.
   * @param {MouseEvent} event
   */
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
    // The current texture comes last: the user paints other textures over it.
    const cards = this.#cards.sort((a, b) => +(a == this.#card) - +(b == this.#card));
    $("#own").replaceChildren(...cards.map((card) => new Option($("b", card).textContent ?? "", card.hash.slice(1))));
  }

  get #card() {
    return this.#cards.find((card) => card.hash.slice(1) == this.address);
  }

  /** Makes the poster of the current texture, if it has none, before another texture opens. */
  #sit() {
    const { nca } = this.stage;
    if (!this.#card || this.#card.querySelector("img") || nca.stepCount < GROWN) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: POSTER, height: POSTER });
    canvas.getContext("2d")?.putImageData(new ImageData(nca.pixels(), nca.width), 0, 0);
    this.#card.prepend(Object.assign(new Image(POSTER, POSTER), { src: canvas.toDataURL(), alt: "" }));
  }
}

/** @param {string} address @param {Made} bundle */
function card(address, bundle) {
  const link = Object.assign(document.createElement("a"), { href: "#" + address });
  const [name, bytes, item] = ["b", "small", "li"].map((tag) => document.createElement(tag));
  name.textContent = bundle.name;
  bytes.textContent = `${grouped(weight(bundle).bytes)} bytes`;
  link.append(name, bytes);
  item.append(link);
  return item;
}
