"""The automaton of the lesson and of the published notebooks, as its users write it, and sets of 8-bit models."""

import base64
import io
import json

import numpy as np
import torch
from PIL import Image

__all__ = ["NotebookCA", "models_json"]

IDENTITY = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def laplacian(centre=-12.0):
    return torch.tensor([[1.0, 2, 1], [2, centre, 2], [1, 2, 1]])


class NotebookCA(torch.nn.Module):
    """Kernels seen by a grouped convolution, two 1x1 convolutions, and an update of half of the cells."""

    def __init__(self, channels=12, hidden=96, *, divisor=1.0, centre=-12.0, order="channels"):
        super().__init__()
        self.order = order
        kernels = [IDENTITY, SOBEL / divisor, SOBEL.T / divisor, laplacian(centre) / divisor]
        self.kernels = torch.stack(kernels)
        self.w1 = torch.nn.Conv2d(4 * channels, hidden, 1)
        self.w2 = torch.nn.Conv2d(hidden, channels, 1, bias=False)

    def perceive(self, x):
        b, c, h, w = x.shape
        y = torch.nn.functional.pad(x.reshape(b * c, 1, h, w), [1, 1, 1, 1], "circular")
        y = torch.nn.functional.conv2d(y, self.kernels[:, None]).reshape(b, c, 4, h, w)
        if self.order == "filters":
            y = y.transpose(1, 2)
        return y.reshape(b, 4 * c, h, w)

    def forward(self, x, mask):
        return x + self.w2(torch.relu(self.w1(self.perceive(x)))) * mask


def models_json(names, first, second, *, scale=8.0, limits=((2.0, 0.0), (4.0, 127 / 255)), columns=2):
    """A set of 8-bit models. first, second: bytes (models, inputs + 1, outputs)."""
    layers = []
    for values, limit in ((first, limits[0]), (second, limits[1])):
        count, rows, outputs = values.shape
        down = -(-count // columns)
        padded = np.concatenate([values, np.zeros((down * columns - count, rows, outputs), np.uint8)])
        tiles = padded.reshape(down, columns, rows, outputs // 4, 4).transpose(0, 2, 1, 3, 4)
        image = Image.fromarray(np.ascontiguousarray(tiles.reshape(down * rows, columns * outputs // 4, 4)), "RGBA")
        file = io.BytesIO()
        image.save(file, "PNG")
        layers.append(
            {
                "scale": scale,
                "shape": [rows, outputs],
                "layout": [columns, down],
                "quant_scale_zero": list(limit),
                "data": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode(),
            }
        )
    return json.dumps({"model_names": list(names), "layers": layers})
