#version 300 es
// nca-fixed-1, brush: 4 channels, 4 hidden units, 84 parameters.
// State: 1 RGBA16I texture on a torus, channels 4k..4k+3 in [-2047, 2047], texel row 0 at the picture's top.
precision highp float;
precision highp int;
precision highp isampler2D;
// Drawn over the state itself: cells outside the disc are left alone.
uniform isampler2D kept[1]; // a state kept earlier
uniform int keep; // 1 puts the kept cells back, 0 erases
uniform ivec3 disc; // column, row, radius in cells
layout(location = 0) out ivec4 next0;

void main() {
  ivec2 c = ivec2(gl_FragCoord.xy), d = abs(c - disc.xy);
  d = min(d, textureSize(kept[0], 0) - d); // the short way round the torus
  if (d.x * d.x + d.y * d.y > disc.z * disc.z) discard;
  next0 = keep * texelFetch(kept[0], c, 0);
}
