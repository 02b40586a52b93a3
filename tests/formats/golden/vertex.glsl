#version 300 es
// One triangle that covers the target: corners (-1, -1), (3, -1), (-1, 3); no buffers.
void main() {
  gl_Position = vec4(4 * (gl_VertexID & 1) - 1, 2 * (gl_VertexID & 2) - 1, 0, 1);
}
