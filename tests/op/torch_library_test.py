"""torch.ops.tersor.* against the same formula in torch's own operations, values and gradients."""
import math

import torch

import tersor


def definition(query, key, value, causal):
    group = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(group, 1) for x in (key, value))
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if causal:
        ahead = torch.ones(scores.shape[-2:]).triu(1).bool()
        scores = scores.masked_fill(ahead, -math.inf)
    return scores.softmax(-1) @ value


def close(a, b, tolerance):
    assert (a - b).abs().max() <= tolerance, (a - b).abs().max()


torch.manual_seed(1)
for causal in (True, False):
    inputs = [torch.randn(2, heads, 150, 24, requires_grad=True) for heads in (4, 2, 2)]
    grad = torch.randn(2, 4, 150, 24)
    wanted = torch.autograd.grad(definition(*inputs, causal), inputs, grad)
    for attend in (tersor.attention,
                   lambda *x, causal: tersor.sparge_attention(*x, causal=causal, tau=1.0)):
        out = attend(*inputs, causal=causal)
        close(out, definition(*inputs, causal), 1e-5)
        for got, expected in zip(torch.autograd.grad(out, inputs, grad), wanted):
            close(got, expected, 1e-4)
    coded = [tersor.attention(*inputs, causal=causal, int8=True, int8_values=values)
             for values in (True, False)]
    for out in coded:
        close(out, definition(*inputs, causal), 0.1)
    close(tersor.sparge_attention(*inputs, causal=causal, tau=1.0, int8=True), coded[0], 1e-5)
    sparse = tersor.sparge_attention(*inputs, causal=causal, tau=0.3, theta=-1.0)
    assert (sparse - definition(*inputs, causal)).abs().max() > 1e-3
try:
    tersor.attention(torch.randn(1, 3, 8, 4), torch.randn(1, 2, 8, 4), torch.randn(1, 2, 8, 4))
    raise SystemExit("heads that do not fit were taken")
except RuntimeError as error:
    assert "do not fit" in str(error), error
