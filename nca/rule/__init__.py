"""The formats `nca-fixed-1` and `nca-fixed-2`, in integers.

The rule and its bounds, the update mask, the reference rollout, painted fields; the decoder and its reference.
"""
