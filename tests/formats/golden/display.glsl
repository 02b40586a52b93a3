#version 300 es
// nca-fixed-1, display: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA32I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
uniform isampler2D state; // the texture of channels 0..3; the first three are shown
uniform ivec3 grid; // columns, rows, phase of the state
uniform ivec2 view; // height of the canvas and side of a cell, in device pixels
out vec4 color;

// A texel holds two neighbours of a row, the left one in the low halves of its lanes: columns 2x + phase
// and the one after it, around the torus. A cell's place in its row, 2x or 2x + 1, is its column less the phase.
ivec4 part(ivec4 texel, int place) { return texel << 16 - 16 * (place & 1) >> 16; }
ivec4 pair(ivec4 left, ivec4 right) { return left & 65535 | right << 16; }
ivec4 at(isampler2D t, ivec2 place) { return part(texelFetch(t, ivec2(place.x >> 1, place.y), 0), place.x); }

// Whole quotients by way of floats, which are exact here and far faster than integer division.
ivec2 quotient(ivec2 a, ivec2 b) { return ivec2((vec2(a) + .5) / vec2(b)); }

void main() {
  ivec2 p = ivec2(gl_FragCoord.x, float(view.x) - gl_FragCoord.y); // WebGL counts rows from the bottom
  p = quotient(p, view.yy) + ivec2(grid.x - grid.z, 0);
  p -= grid.xy * quotient(p, grid.xy); // a larger canvas repeats the torus
  ivec3 s = at(state, p).rgb;
  color = vec4(vec3(clamp((s + 512) * 255 + 512 >> 10, 0, 255)) / 255., 1); // real value s / 1024 + 1/2, as a byte
}
