"""SpargeAttn in Python's torch: PYTHONPATH=python python3 python/examples/sparge_attention.py"""
import time

import torch

import tersor

torch.manual_seed(0)
tokens, dim = 8192, 64
phase = torch.arange(tokens)[:, None] / 300 + 6 * torch.rand(dim)
wave = phase.cos() + 0.2 * torch.randn(tokens, dim)
query = key = (2 * wave)[None, None]
value = (phase.sin() + 0.2 * torch.randn(tokens, dim))[None, None]

start = time.time()
dense = tersor.attention(query, key, value)
print(f"dense                    {time.time() - start:.3f} s")
for tau in (0.99, 0.95, 0.8):
    start = time.time()
    sparse = tersor.sparge_attention(query, key, value, tau=tau, theta=0.4)
    seconds = time.time() - start
    error = (sparse - dense).abs().sum() / dense.abs().sum()
    print(f"tau {tau:<5} relative L1 {error:.4f} {seconds:.3f} s")
