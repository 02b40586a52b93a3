// three.js, p5.js and regl, each as tests/test_module.py wants it: an async function of a canvas's size that gives
//   gl        its context
//   share     calls with the context as the texture may find it, and leaves it as the library wants it
//   flat      draws the texture over the canvas, unlit, a pixel a cell
//   busy      draws frame k of a scene that uses as much of WebGL as the library does

export async function three(width, height) {
  const THREE = await import("three");
  const renderer = new THREE.WebGLRenderer({ antialias: true, stencil: true, preserveDrawingBuffer: true });
  renderer.setSize(width, height);
  renderer.shadowMap.enabled = true;
  document.body.append(renderer.domElement);
  const gl = renderer.getContext();

  const skin = new THREE.ExternalTexture();
  const plain = new THREE.MeshBasicMaterial({ map: skin });
  plain.defines = { DECODE_VIDEO_TEXTURE: "" };
  const quad = new THREE.Mesh(new THREE.PlaneGeometry(2, 2), plain);
  const above = new THREE.OrthographicCamera(-1, 1, 1, -1, -1, 1);

  const scene = new THREE.Scene();
  const camera = new THREE.PerspectiveCamera(50, width / height, 0.1, 20);
  camera.position.z = 4;
  const light = new THREE.SpotLight(0xffffff, 60);
  light.position.set(2, 3, 3);
  light.castShadow = true;
  const noise = new THREE.DataTexture(new Uint8Array(4 * 64), 8, 8);
  Object.assign(noise, { flipY: true, premultiplyAlpha: true, generateMipmaps: true });
  noise.minFilter = THREE.LinearMipmapLinearFilter;
  const stone = new THREE.MeshStandardMaterial({ map: noise });
  const knot = new THREE.Mesh(new THREE.TorusKnotGeometry(0.7, 0.25, 60, 12), stone);
  const glass = new THREE.MeshPhysicalMaterial({ transparent: true, opacity: 0.5, side: THREE.DoubleSide });
  const pane = new THREE.Mesh(new THREE.PlaneGeometry(3, 1), glass);
  const grain = new THREE.MeshPhongMaterial({ stencilWrite: true });
  const dust = new THREE.InstancedMesh(new THREE.SphereGeometry(0.1), grain, 9);
  for (let i = 0; i < 9; i++) dust.setMatrixAt(i, new THREE.Matrix4().makeTranslation(Math.cos(i), Math.sin(i), 0.5));
  knot.castShadow = pane.receiveShadow = true;
  pane.position.z = -0.5;
  scene.add(light, knot, pane, dust, new THREE.GridHelper(4, 4));
  const target = new THREE.WebGLRenderTarget(32, 32, { samples: 4 });

  return {
    gl,
    share(call) {
      call();
      renderer.resetState();
    },
    flat(nca) {
      skin.sourceTexture = nca.toTexture();
      renderer.resetState();
      renderer.setScissorTest(false);
      renderer.render(quad, above);
    },
    busy(k) {
      noise.image.data.forEach((_, i, data) => (data[i] = (i * 37 + k * 91) % 256));
      noise.needsUpdate = true;
      knot.rotation.y = k;
      renderer.setRenderTarget(target);
      renderer.render(scene, camera);
      renderer.setRenderTarget(null);
      renderer.setScissorTest(k % 2 == 1);
      renderer.setScissor(2, 2, width - 5, height - 5);
      renderer.render(scene, camera);
    },
  };
}

export async function regl(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  document.body.append(canvas);
  const gl = canvas.getContext("webgl2", { stencil: true, preserveDrawingBuffer: true });
  const regl = createREGL({ gl });
  const skin = regl.texture();

  const vert = `attribute vec2 at; uniform vec3 move; varying vec2 uv;
    void main() { uv = at * 0.5 + 0.5; gl_Position = vec4(at * move.z + move.xy, move.x, 1); }`;
  const frag = `precision highp float; uniform sampler2D map; varying vec2 uv;
    void main() { gl_FragColor = texture2D(map, uv); }`;
  const full = {
    attributes: {
      at: [
        [-1, -1],
        [3, -1],
        [-1, 3],
      ],
    },
    count: 3,
    depth: { enable: false },
  };
  const flat = regl({ vert, frag, ...full, uniforms: { map: skin, move: [0, 0, 1] } });

  const noise = regl.texture({ width: 8, height: 8, mag: "linear", min: "mipmap" });
  const still = regl.texture([
    [
      [255, 0, 0, 255],
      [0, 255, 0, 128],
    ],
    [
      [0, 0, 255, 64],
      [255, 255, 255, 255],
    ],
  ]);
  const layer = regl.framebuffer({ width: 32, height: 32, stencil: true });
  const shape = regl({
    vert,
    frag,
    attributes: {
      at: [
        [-1, -1],
        [1, -1],
        [-1, 1],
        [1, 1],
      ],
    },
    elements: [
      [0, 1, 2],
      [2, 1, 3],
    ],
    uniforms: { map: regl.prop("map"), move: regl.prop("move") },
    blend: { enable: true, func: { src: "src alpha", dst: "one minus src alpha" } },
    cull: { enable: true, face: "back" },
    scissor: { enable: true, box: { x: 1, y: 2, width: width - 4, height: height - 4 } },
    stencil: { enable: true, func: { cmp: "notequal", ref: 1, mask: 255 }, op: { zpass: "replace" } },
    framebuffer: regl.prop("framebuffer"),
  });

  return {
    gl,
    share(call) {
      call();
      regl._refresh();
    },
    flat(nca) {
      skin._texture.texture = nca.toTexture();
      regl._refresh();
      regl.poll();
      flat();
    },
    busy(k) {
      regl.poll();
      regl.clear({ color: [0, 0, 0, 1], depth: 1, stencil: 0, framebuffer: layer });
      shape({ map: still, move: [0.1 * k, 0, 0.7], framebuffer: layer }); // which regl takes for bound already
      const data = Array.from({ length: 4 * 64 }, (_, i) => (i * 37 + k * 91) % 256);
      noise({ width: 8, height: 8, data, flipY: true, premultiplyAlpha: true, mag: "linear", min: "mipmap" });
      regl.clear({ color: [0.1, 0.2, 0.3, 1], depth: 1, stencil: 0 });
      shape([
        { map: layer, move: [0.2 - 0.1 * k, 0.1, 0.5], framebuffer: null },
        { map: noise, move: [-0.3, 0.05 * k, 0.6], framebuffer: null },
        { map: still, move: [0.4, -0.5, 0.3], framebuffer: null },
      ]);
    },
  };
}

export async function p5(width, height) {
  const { default: P5 } = await import("p5");
  P5.disableFriendlyErrors = true; // which would read this file
  const p = await new Promise(
    (done) =>
      new P5((p) => {
        p.setup = () => {
          p.createCanvas(width, height, p.WEBGL);
          p.pixelDensity(1);
          p.noLoop();
          done(p);
        };
      }),
  );
  const gl = p.drawingContext;
  const skin = p.createFramebuffer({ width, height, density: 1, depth: false, antialias: false });
  const noise = p.createImage(8, 8);
  const layer = p.createFramebuffer({ width: 32, height: 32, density: 1 });

  function share(call) {
    const [program, viewport] = [gl.CURRENT_PROGRAM, gl.VIEWPORT].map((each) => gl.getParameter(each));
    const on = [gl.BLEND, gl.DEPTH_TEST].filter((each) => gl.isEnabled(each));
    call();
    gl.useProgram(program);
    gl.viewport(...viewport);
    on.forEach((each) => gl.enable(each));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  /** What p5 does around draw(). */
  function frame(draw) {
    p.push();
    p.resetMatrix();
    p.clear();
    draw();
    p.pop();
  }

  return {
    gl,
    share,
    flat(nca) {
      share(() => (skin.colorTexture = nca.toTexture()));
      frame(() => {
        p.ortho();
        p.noLights();
        p.noStroke();
        p.scale(1, -1);
        p.texture(skin);
        p.plane(width, height);
      });
    },
    busy(k) {
      noise.loadPixels();
      noise.pixels.forEach((_, i) => (noise.pixels[i] = (i * 37 + k * 91) % 256));
      noise.updatePixels();
      layer.draw(() => {
        p.background(20, 40, 60);
        p.rotateY(k);
        p.normalMaterial();
        p.box(12);
      });
      frame(() => {
        p.background(10);
        p.ambientLight(80);
        p.pointLight(255, 200, 150, 20, -20, 60);
        p.texture(noise);
        p.rotateX(0.3 * k);
        p.box(12);
        p.blendMode(p.ADD);
        p.fill(90, 60, 30, 120);
        p.stroke(255);
        p.sphere(9, 8, 6);
        p.blendMode(p.BLEND);
        p.image(layer, -8, -8, 10, 10);
        p.clip(() => p.circle(3, 3, 8));
        p.specularMaterial(200);
        p.torus(6, 2, 12, 8);
      });
    },
  };
}
