/** Records what the window shows as a video, always so many steps a frame. */

/** @import { Stage } from "./stage.js" */
/** @import { Clock } from "./clock.js" */
import { $, save, say } from "./dom.js";

const FRAMES = 30; // a second
const BITS = 12e6; // a second: textures are all detail
const KINDS = { WebM: "video/webm", MP4: "video/mp4" };

export class Recorder {
  /** @type {MediaRecorder | null} */
  #recorder = null;

  /** @param {Stage} stage @param {Clock} clock @param {() => string} name of the file */
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
    this.#show(canvas); // else the first frame is black
    const stream = canvas.captureStream(0); // a frame when it is told
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

  /** As large as the window, in whole cells, and even, as video wants it. */
  #canvas() {
    const { canvas, zoom } = this.stage;
    const [width, height] = [canvas.width, canvas.height].map((cells) => 2 * Math.floor((cells * zoom) / 2));
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
    context.imageSmoothingEnabled = stage.smooth;
    context.drawImage(stage.canvas, 0, 0, stage.canvas.width * stage.zoom, stage.canvas.height * stage.zoom);
  }
}
