#version 300 es
// nca-fixed-1, display: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA16I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
uniform isampler2D state; // the texture of channels 0..3; the first three are shown
uniform ivec2 view; // height of the canvas and side of a cell, in device pixels
out vec4 color;

void main() {
  ivec2 p = ivec2(gl_FragCoord.x, float(view.x) - gl_FragCoord.y); // WebGL counts rows from the bottom
  ivec3 s = texelFetch(state, p / view.y % textureSize(state, 0), 0).rgb; // a larger canvas repeats the torus
  color = vec4(vec3(clamp((s + 512) * 255 + 512 >> 10, 0, 255)) / 255., 1); // real value s / 1024 + 1/2, as a byte
}
