"""Logits of a llama or opt checkpoint by the papers' equations, written apart from tersor's code.

Usage: reference_logits.py FOLDER TOKENS OUT
TOKENS: ids separated by commas. OUT: float32 logits [tokens, vocab], little-endian.
"""

import json
import math
import struct
import sys

import torch

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).double()
    return tensors


def linear(x, weights, name):
    y = x @ weights[name + ".weight"].T
    return y + weights[name + ".bias"] if name + ".bias" in weights else y


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def layer_norm(x, weights, name):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5) * weights[name + ".weight"] + weights[name + ".bias"]


def attend(q, k, v, window):
    """q [tokens, heads, dim], k and v [tokens, kv_heads, dim], one head and one query at a time."""
    tokens, heads, dim = q.shape
    out = torch.zeros_like(q)
    for h in range(heads):
        g = h // (heads // k.shape[1])
        for t in range(tokens):
            first = max(0, t - window + 1) if window else 0
            scores = k[first : t + 1, g] @ q[t, h] / math.sqrt(dim)
            out[t, h] = torch.softmax(scores, 0) @ v[first : t + 1, g]
    return out.reshape(tokens, heads * dim)


def frequencies(config, dim):
    base = config.get("rope_theta", 10000.0)
    values = [base ** (-2 * i / dim) for i in range(dim // 2)]
    scaling = config.get("rope_scaling")
    if not scaling:
        return values
    if scaling["rope_type"] == "linear":
        return [f / scaling["factor"] for f in values]
    low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
    high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    scaled = []
    for f in values:
        wavelength = 2 * math.pi / f
        if wavelength < high:
            scaled.append(f)
        elif wavelength > low:
            scaled.append(f / scaling["factor"])
        else:
            smooth = (scaling["original_max_position_embeddings"] / wavelength
                      - scaling["low_freq_factor"]) / (
                          scaling["high_freq_factor"] - scaling["low_freq_factor"])
            scaled.append((1 - smooth) * f / scaling["factor"] + smooth * f)
    return scaled


def rotate(x, freqs):
    """Complex form: pair (i, i + dim / 2) is one number, turned by position times frequency."""
    tokens, heads, dim = x.shape
    z = torch.complex(x[..., : dim // 2], x[..., dim // 2 :])
    angle = torch.arange(tokens).double()[:, None] * torch.tensor(freqs).double()[None, :]
    z = z * torch.polar(torch.ones_like(angle), angle)[:, None, :]
    return torch.cat([z.real, z.imag], -1)


def llama(config, w, ids):
    heads = config["num_attention_heads"]
    kv_heads = config["num_key_value_heads"]
    dim = config["head_dim"]
    eps = config["rms_norm_eps"]
    freqs = frequencies(config, dim)
    x = w["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        window = config.get("sliding_window") or 0
        if config["model_type"] == "qwen2" and layer < config["max_window_layers"]:
            window = 0
        h = rms_norm(x, w[p + "input_layernorm.weight"], eps)
        q = linear(h, w, p + "self_attn.q_proj").reshape(len(ids), heads, dim)
        k = linear(h, w, p + "self_attn.k_proj").reshape(len(ids), kv_heads, dim)
        v = linear(h, w, p + "self_attn.v_proj").reshape(len(ids), kv_heads, dim)
        mixed = attend(rotate(q, freqs), rotate(k, freqs), v, window)
        x = x + linear(mixed, w, p + "self_attn.o_proj")
        h = rms_norm(x, w[p + "post_attention_layernorm.weight"], eps)
        gate = linear(h, w, p + "mlp.gate_proj")
        up = linear(h, w, p + "mlp.up_proj")
        x = x + linear(gate * torch.sigmoid(gate) * up, w, p + "mlp.down_proj")
    x = rms_norm(x, w["model.norm.weight"], eps)
    return x @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T


def opt(config, w, ids):
    heads = config["num_attention_heads"]
    dim = config["hidden_size"] // heads
    d = "model.decoder."
    before = config["do_layer_norm_before"]
    x = w[d + "embed_tokens.weight"][ids]
    if d + "project_in.weight" in w:
        x = linear(x, w, d + "project_in")
    x = x + w[d + "embed_positions.weight"][2 : 2 + len(ids)]
    for layer in range(config["num_hidden_layers"]):
        p = f"{d}layers.{layer}."
        h = layer_norm(x, w, p + "self_attn_layer_norm") if before else x
        q, k, v = (linear(h, w, p + f"self_attn.{n}_proj").reshape(len(ids), heads, dim) for n in "qkv")
        x = x + linear(attend(q, k, v, 0), w, p + "self_attn.out_proj")
        if not before:
            x = layer_norm(x, w, p + "self_attn_layer_norm")
        h = layer_norm(x, w, p + "final_layer_norm") if before else x
        h = linear(h, w, p + "fc1")
        if config["activation_function"] == "relu":
            h = h.clamp(min=0)
        else:
            h = 0.5 * h * (1 + torch.erf(h / math.sqrt(2)))
        x = x + linear(h, w, p + "fc2")
        if not before:
            x = layer_norm(x, w, p + "final_layer_norm")
    if d + "final_layer_norm.weight" in w:
        x = layer_norm(x, w, d + "final_layer_norm")
    if d + "project_out.weight" in w:
        x = linear(x, w, d + "project_out")
    return x @ w[d + "embed_tokens.weight"].T


def main():
    folder, tokens, out = sys.argv[1:]
    with open(folder + "/config.json") as file:
        config = json.load(file)
    weights = read_safetensors(folder + "/model.safetensors")
    ids = [int(t) for t in tokens.split(",")]
    logits = (opt if config["model_type"] == "opt" else llama)(config, weights, ids)
    with open(out, "wb") as file:
        file.write(logits.float().numpy().tobytes())


main()
