#version 300 es
// nca-fixed-1, step: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA32I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
// All arithmetic is on integers carried in floats. No sum reaches 2^24, so float32 is exact in
// any order, and multiplying by a power of two is exact as well (division need not be).
uniform isampler2D state[1];
uniform uint key; // step_key(seed, step), shared by all cells
uniform ivec3 grid; // columns, rows, phase of the result: the step's lowest bit
#ifdef PAINTED
uniform highp usampler2D owners; // a texel for each cell: whose rule it follows, how often its update rate is halved
uniform uint rule; // the one at work
uniform vec2 turn; // cosine and sine of the angle by which all cells turn what they see, times 1024
#endif
layout(location = 0) out ivec4 next0;

// lowbias32 (Chris Wellons, 2018): the update mask's dice.
uint hash(uint x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

// A texel holds two neighbours of a row, the left one in the low halves of its lanes: columns 2x + phase
// and the one after it, around the torus. A cell's place in its row, 2x or 2x + 1, is its column less the phase.
ivec4 part(ivec4 texel, int place) { return texel << 16 - 16 * (place & 1) >> 16; }
ivec4 pair(ivec4 left, ivec4 right) { return left & 65535 | right << 16; }

// What a cell s sees of its neighbours: Sobel x, Sobel y, Laplacian, scaled back to the state's range.
void kernels(vec4 nw, vec4 n, vec4 ne, vec4 w, vec4 s, vec4 e, vec4 sw, vec4 so, vec4 se,
             out vec4 x, out vec4 y, out vec4 l) {
  x = floor((ne - nw + 2. * (e - w) + se - sw + 4.) * .125);
  y = floor((sw - nw + 2. * (so - n) + se - ne + 4.) * .125);
  l = clamp(floor((nw + ne + sw + se + 2. * (n + w + e + so) - 12. * s + 8.) * .0625), -2047., 2047.);
}

int wrap(int i, int size) { return i < 0 ? i + size : i < size ? i : i - size; }

// The cells at three places of a row; even widths have them in two texels.
void row(isampler2D t, ivec3 x, int y, out vec4 w, out vec4 s, out vec4 e) {
  ivec4 a = texelFetch(t, ivec2(x.x >> 1, y), 0), b = texelFetch(t, ivec2(x.z >> 1, y), 0);
  ivec4 c = x.x >> 1 == x.y >> 1 ? a : b;
  if (x.y + 1 == grid.x && (x.y & 1) == 0) c = texelFetch(t, ivec2(x.y >> 1, y), 0); // last of an odd width, alone
  w = vec4(part(a, x.x));
  s = vec4(part(c, x.y));
  e = vec4(part(b, x.z));
}

void see(isampler2D t, ivec3 x, ivec3 y, out vec4 w, out vec4 s, out vec4 e, out vec4 dx, out vec4 dy, out vec4 l) {
  vec4 nw, n, ne, sw, so, se;
  row(t, x, y.x, nw, n, ne);
  row(t, x, y.y, w, s, e);
  row(t, x, y.z, sw, so, se);
  kernels(nw, n, ne, w, s, e, sw, so, se, dx, dy, l);
#ifdef PAINTED
  vec4 x1 = turn.x * dx + turn.y * dy, y1 = turn.x * dy - turn.y * dx;
  dx = clamp(floor((x1 + 512.) * 0.0009765625), -2047., 2047.);
  dy = clamp(floor((y1 + 512.) * 0.0009765625), -2047., 2047.);
#endif
}

// The left or the right one of a pair after the step, and the other one as it was.
void live(ivec2 p, int right, float on, out vec4 now[1], out vec4 other[1]) {
  // The state before the step has the other phase, so that the pair's places are odd and even there.
  int x = wrap(2 * (p.x + grid.z) - 1 + right, grid.x);
  ivec3 columns = ivec3(wrap(x - 1, grid.x), x, wrap(x + 1, grid.x));
  ivec3 rows = ivec3(wrap(p.y - 1, grid.y), p.y, wrap(p.y + 1, grid.y));
  vec4 h, w, e;
  vec4 s0, x0, y0, l0, u0 = vec4(8);
  see(state[0], columns, rows, w, s0, e, x0, y0, l0);
  other[0] = right == 1 ? w : e;

  // Four hidden units at a time, added at once to the update u of every channel.
  h = vec4(5,-6,0,7);
  h += mat4(-32,-16,0,16,-31,-15,1,17,-30,-14,2,18,-29,-13,3,19) * s0;
  h += mat4(-28,-12,4,20,-27,-11,5,21,-26,-10,6,22,-25,-9,7,23) * x0;
  h += mat4(-24,-8,8,24,-23,-7,9,25,-22,-6,10,26,-21,-5,11,27) * y0;
  h += mat4(-20,-4,12,28,-19,-3,13,29,-18,-2,14,30,-17,-1,15,31) * l0;
  h = clamp(floor(h * vec4(0.5,0.25,0.125,9.5367431640625e-07)), 0., 1023.);
  u0 += mat4(3,0,0,0,0,3,0,0,0,0,3,0,0,0,0,3) * h;

  now[0] = clamp(s0 + on * floor(u0 * vec4(0.0625)), -2047., 2047.);
}

void main() {
  ivec2 p = ivec2(gl_FragCoord.xy);
  uint dice = hash(hash(uint(p.x) + key) + uint(p.y)) >> 24; // the left cell's; the right one's has the top bit flipped
  vec4 now[1], other[1];
  int right = int(dice >> 7); // which of the two may update
  uint rate = 128u;
#ifdef PAINTED
  int place = min(2 * p.x + right, grid.x - 1); // the last of an odd width is alone
  uvec4 owner = texelFetch(owners, ivec2((place + grid.z) % grid.x, p.y), 0);
  if (owner.r != rule) discard; // its own rule's pass draws it
  rate >>= owner.g;
#endif
  live(p, right, float((dice & 127u) < rate), now, other);
  next0 = right == 1 ? pair(ivec4(other[0]), ivec4(now[0])) : pair(ivec4(now[0]), ivec4(other[0]));
}
