#version 300 es
// nca-fixed-1, step: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA16I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
// All arithmetic is on integers carried in floats. No sum reaches 2^24, so float32 is exact in
// any order, and multiplying by a power of two is exact as well (division need not be).
uniform isampler2D state[1];
uniform uint key; // step_key(seed, step), shared by all cells
layout(location = 0) out ivec4 next0;

// lowbias32 (Chris Wellons, 2018): the update mask's dice.
uint hash(uint x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

// What a cell at c sees of its neighbours between a (up, left) and b (down, right):
// itself, Sobel x, Sobel y, Laplacian, scaled back to the state's range.
void see(isampler2D t, ivec2 a, ivec2 c, ivec2 b, out vec4 s, out vec4 x, out vec4 y, out vec4 l) {
  vec4 nw = vec4(texelFetch(t, a, 0)), ne = vec4(texelFetch(t, ivec2(b.x, a.y), 0));
  vec4 sw = vec4(texelFetch(t, ivec2(a.x, b.y), 0)), se = vec4(texelFetch(t, b, 0));
  vec4 n = vec4(texelFetch(t, ivec2(c.x, a.y), 0)), w = vec4(texelFetch(t, ivec2(a.x, c.y), 0));
  vec4 e = vec4(texelFetch(t, ivec2(b.x, c.y), 0)), so = vec4(texelFetch(t, ivec2(c.x, b.y), 0));
  s = vec4(texelFetch(t, c, 0));
  x = floor((ne - nw + 2. * (e - w) + se - sw + 4.) * .125);
  y = floor((sw - nw + 2. * (so - n) + se - ne + 4.) * .125);
  l = clamp(floor((nw + ne + sw + se + 2. * (n + w + e + so) - 12. * s + 8.) * .0625), -2047., 2047.);
}

void main() {
  ivec2 size = textureSize(state[0], 0), c = ivec2(gl_FragCoord.xy);
  ivec2 a = (c + size - 1) % size, b = (c + 1) % size;
  vec4 h;
  vec4 s0, x0, y0, l0, u0 = vec4(8);
  see(state[0], a, c, b, s0, x0, y0, l0);

  // Four hidden units at a time, added at once to the update u of every channel.
  h = vec4(5,-6,0,7);
  h += mat4(-32,-16,0,16,-31,-15,1,17,-30,-14,2,18,-29,-13,3,19) * s0;
  h += mat4(-28,-12,4,20,-27,-11,5,21,-26,-10,6,22,-25,-9,7,23) * x0;
  h += mat4(-24,-8,8,24,-23,-7,9,25,-22,-6,10,26,-21,-5,11,27) * y0;
  h += mat4(-20,-4,12,28,-19,-3,13,29,-18,-2,14,30,-17,-1,15,31) * l0;
  h = clamp(floor(h * vec4(0.5,0.25,0.125,9.5367431640625e-07)), 0., 1023.);
  u0 += mat4(3,0,0,0,0,3,0,0,0,0,3,0,0,0,0,3) * h;

  // A cell updates with probability 128 / 256.
  float on = float(hash(hash(uint(c.x) + key) + uint(c.y)) >> 24 < 128u);
  s0 += on * floor(u0 * vec4(0.0625));
  next0 = ivec4(clamp(s0, -2047., 2047.));
}
