#version 300 es
// nca-fixed-1, brush: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA32I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
// A disc drawn over a state; the cells outside it are copied.
uniform isampler2D state[1];
uniform isampler2D kept[1]; // a state kept earlier
uniform ivec3 grid; // columns, rows, phase of the state and of the result
uniform ivec2 keep; // 1 puts the kept cells back, 0 erases; phase of the kept state
uniform ivec3 disc; // column, row, radius in cells
layout(location = 0) out ivec4 next0;

// A texel holds two neighbours of a row, the left one in the low halves of its lanes: columns 2x + phase
// and the one after it, around the torus. A cell's place in its row, 2x or 2x + 1, is its column less the phase.
ivec4 part(ivec4 texel, int place) { return texel << 16 - 16 * (place & 1) >> 16; }
ivec4 pair(ivec4 left, ivec4 right) { return left & 65535 | right << 16; }
ivec4 at(isampler2D t, ivec2 place) { return part(texelFetch(t, ivec2(place.x >> 1, place.y), 0), place.x); }

void main() {
  ivec4 now0[2];
  for (int i = 0; i < 2; i++) {
    ivec2 place = ivec2(gl_FragCoord.xy) * ivec2(2, 1) + ivec2(i, 0);
    ivec2 c = ivec2((place.x + grid.z) % grid.x, place.y), d = abs(c - disc.xy);
    d = min(d, grid.xy - d); // the short way round the torus
    bool inside = d.x * d.x + d.y * d.y <= disc.z * disc.z;
    c.x = (c.x - keep.y + grid.x) % grid.x;
    now0[i] = inside ? keep.x * at(kept[0], c) : at(state[0], place);
  }
  next0 = pair(now0[0], now0[1]);
}
