"""WebGL's constants as numbers. Names such as gl.TEXTURE_MIN_FILTER are much of a small page, after gzip too."""

import re

__all__ = ["CONSTANTS", "numbers_for_constants"]

# The numbers that WebGL's specification fixes, of the constants in our modules. A test asks a browser for them.
CONSTANTS = {
    "BLEND": 3042,
    "COLOR_ATTACHMENT0": 36064,
    "COMPILE_STATUS": 35713,
    "COMPLETION_STATUS_KHR": 37297,
    "CULL_FACE": 2884,
    "DEPTH_TEST": 2929,
    "DITHER": 3024,
    "FRAGMENT_SHADER": 35632,
    "FRAMEBUFFER": 36160,
    "FRAMEBUFFER_COMPLETE": 36053,
    "INT": 5124,
    "LINEAR": 9729,
    "LINK_STATUS": 35714,
    "MAX_TEXTURE_SIZE": 3379,
    "NEAREST": 9728,
    "PACK_ROW_LENGTH": 3330,
    "PACK_SKIP_PIXELS": 3332,
    "PACK_SKIP_ROWS": 3331,
    "PIXEL_PACK_BUFFER": 35051,
    "PIXEL_UNPACK_BUFFER": 35052,
    "RASTERIZER_DISCARD": 35977,
    "RENDERER": 7937,
    "RG8UI": 33336,
    "RGBA": 6408,
    "RGBA32I": 36226,
    "RGBA8": 32856,
    "RGBA_INTEGER": 36249,
    "RG_INTEGER": 33320,
    "SAMPLE_COVERAGE": 32928,
    "SCISSOR_TEST": 3089,
    "SIGNALED": 37145,
    "STENCIL_TEST": 2960,
    "STREAM_READ": 35041,
    "SYNC_GPU_COMMANDS_COMPLETE": 37143,
    "SYNC_STATUS": 37140,
    "TEXTURE0": 33984,
    "TEXTURE_2D": 3553,
    "TEXTURE_MAG_FILTER": 10240,
    "TEXTURE_MIN_FILTER": 10241,
    "TRIANGLES": 4,
    "UNPACK_ALIGNMENT": 3317,
    "UNPACK_FLIP_Y_WEBGL": 37440,
    "UNPACK_PREMULTIPLY_ALPHA_WEBGL": 37441,
    "UNPACK_ROW_LENGTH": 3314,
    "UNPACK_SKIP_PIXELS": 3316,
    "UNPACK_SKIP_ROWS": 3315,
    "UNSIGNALED": 37144,
    "UNSIGNED_BYTE": 5121,
    "VERTEX_SHADER": 35633,
}

_CONSTANT = re.compile(rf"\b\w+\.({'|'.join(CONSTANTS)})\b")


def numbers_for_constants(code: str) -> str:
    """JavaScript with 3553 in place of gl.TEXTURE_2D."""
    return _CONSTANT.sub(lambda found: str(CONSTANTS[found[1]]), code)
