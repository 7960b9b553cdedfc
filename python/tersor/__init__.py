"""tersor's operations in Python's torch: torch.ops.tersor.attention, sparge_attention.

All take float32 tensors on the CPU, query [batch, heads, tokens, dim], key and value [batch,
kv_heads, tokens, dim], and are differentiable.
"""
import os
import pathlib

import torch


def _library():
    """libtersor_ops.so: TERSOR_OPS, the build tree, or the installation."""
    named = os.environ.get("TERSOR_OPS")
    root = pathlib.Path(__file__).resolve().parents[2]
    places = [named] if named else [root / "build/lib/libtersor_ops.so",
                                    root / "lib/libtersor_ops.so", root.parent / "libtersor_ops.so"]
    for place in places:
        if pathlib.Path(place).is_file():
            return str(place)
    raise ImportError(f"libtersor_ops.so is not in {', '.join(map(str, places))}; build it with "
                      "`make build`, or say where it is in TERSOR_OPS")


torch.ops.load_library(_library())


def attention(query, key, value, scale=None, causal=True, window=0, int8=False,
              int8_values=True):
    """softmax(scale * query @ key.T + mask) @ value without kept probabilities.

    window > 0: each token sees nearer tokens than that only. int8: scores by INT8 products (the
    forward pass), and with int8_values the values' products too where the processor has VNNI.
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return torch.ops.tersor.attention(query, key, value, scale, causal, window, int8,
                                      int8_values)


def sparge_attention(query, key, value, scale=None, causal=True, tau=0.97, theta=0.5, lambda_=0.0,
                     int8=False, int8_values=True):
    """SpargeAttn (arXiv:2502.18137): blocks whose mean score says that they do not matter are left
    out. tau 1 keeps all; theta -1 trusts every block's mean; lambda_ below 0 is the second filter.
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return torch.ops.tersor.sparge_attention(query, key, value, scale, causal, tau, theta, lambda_,
                                             int8, int8_values)
