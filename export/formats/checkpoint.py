"""A float state dict that the lesson's and the published notebooks' classes load."""

import io

from nca.export.bundle import Bundle
from nca.export.formats.format import Format

__all__ = ["CHECKPOINT", "render_checkpoint"]

DIVISORS = (1, 8, 8, 16)  # of our kernels; theirs are not divided


def render_checkpoint(bundle: Bundle) -> dict[str, bytes]:
    """The content of a .pt file: w1.weight (H, 4C, 1, 1), w1.bias (H,) and w2.weight (C, H, 1, 1), all float32.

    It computes the rule up to roundings and clamps. Inputs are in the order of PyTorch's grouped convolution; kernels
    are not divided, the Laplacian's centre is -12, and a colour is state + 0.5.
    """
    import torch

    w1, b1, w2 = map(torch.tensor, bundle.rule.real_weights())
    by_filter = w1.view(len(w1), 4, -1) / torch.tensor(DIVISORS)[:, None]
    first = by_filter.transpose(1, 2).reshape(len(w1), -1, 1, 1).contiguous()
    file = io.BytesIO()
    torch.save({"w1.weight": first, "w1.bias": b1, "w2.weight": w2[:, :, None, None].contiguous()}, file)
    return {"": file.getvalue()}


CHECKPOINT = Format("a float state dict for the classes of notebooks", ".pt", render_checkpoint)
