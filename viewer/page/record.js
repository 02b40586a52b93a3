/** Records the window as a video. Each video frame advances by a fixed number of steps. */

/** @import { Stage } from "./stage.js" */
/** @import { Clock } from "./clock.js" */
import { $, save, say } from "./dom.js";

const FRAMES = 30; // per second
const BITS = 12e6; // per second: this many, because textures are full of detail
const KINDS = { WebM: "video/webm", MP4: "video/mp4" };

export class Recorder {
  /** @type {MediaRecorder | null} */
  #recorder = null;

  /** @param {Stage} stage @param {Clock} clock @param {() => string} name returns the name of the file */
  constructor(stage, clock, name) {
    this.stage = stage;
    this.clock = clock;
    this.name = name;
    const kinds = Object.entries(KINDS).filter(([, kind]) => globalThis.MediaRecorder?.isTypeSupported(kind));
    $("#kind").replaceChildren(...kinds.map(([title, kind]) => new Option(title, kind)));
    $("#record").disabled = !kinds.length;
    $("#record").onclick = () => (this.#recorder ? this.#recorder.stop() : this.#start());
  }

  #start() {
    const canvas = this.#canvas();
    this.#show(canvas); // otherwise the first frame is black
    const stream = canvas.captureStream(0); // captures a frame only on requestFrame
    const mimeType = $("#kind").value;
    /** @type {Blob[]} */
    const parts = [];
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS });
    const timer = setInterval(() => this.#frame(canvas, stream), 1000 / FRAMES);
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => {
      clearInterval(timer);
      this.#recorder = null;
      $("#record").textContent = "Record";
      save(new Blob(parts, { type: mimeType }), `${this.name()}.${mimeType.slice(6)}`);
    };
    this.clock.run(false);
    recorder.start();
    this.#recorder = recorder;
    $("#record").textContent = "Stop";
    say("Recording.");
  }

  /** Makes a canvas as large as the window, in whole cells. Its sides are even, because video needs that. */
  #canvas() {
    const { canvas, zoom, detail } = this.stage;
    const [width, height] = [canvas.width, canvas.height].map((side) => 2 * Math.floor((side * zoom) / detail / 2));
    return Object.assign(document.createElement("canvas"), { width, height });
  }

  /** @param {HTMLCanvasElement} canvas @param {MediaStream} stream */
  #frame(canvas, stream) {
    if (this.clock.playing) this.clock.run(false);
    this.stage.nca.step(+$("#rate").value);
    this.#show(canvas);
    const [track] = /** @type {CanvasCaptureMediaStreamTrack[]} */ (stream.getVideoTracks());
    track.requestFrame();
  }

  /** @param {HTMLCanvasElement} canvas */
  #show(canvas) {
    const { stage } = this;
    stage.nca.draw();
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    const side = stage.zoom / stage.detail; // of a pixel of the stage's canvas
    context.imageSmoothingEnabled = stage.smoothing;
    context.drawImage(stage.canvas, 0, 0, stage.canvas.width * side, stage.canvas.height * side);
  }
}
