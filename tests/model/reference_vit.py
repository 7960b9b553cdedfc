"""Logits and gradients of a ViT checkpoint by the paper's equations, written apart from tersor's code.

Usage: reference_vit.py FOLDER IMAGES OUT
IMAGES: float32 [batch, channels, side, side], little-endian. OUT: float32 logits [batch, classes],
then the gradient of sum(logits * sin(0, 1, 2, ...)) of each stored tensor in the order of their names.
"""

import json
import math
import struct
import sys

import torch


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(data[begin:end], dtype=torch.float32)
            tensors[name] = flat.reshape(entry["shape"]).double().requires_grad_(True)
    return tensors


def linear(x, w, name):
    y = x @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def layer_norm(x, w, name, eps):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * w[name + ".weight"] + w[name + ".bias"]


def attend(q, k, v, heads):
    """q, k, v [tokens, width], one head and one query at a time."""
    dim = q.shape[1] // heads
    out = []
    for h in range(heads):
        part = slice(h * dim, (h + 1) * dim)
        rows = []
        for t in range(q.shape[0]):
            scores = k[:, part] @ q[t, part] / math.sqrt(dim)
            rows.append(torch.softmax(scores, 0) @ v[:, part])
        out.append(torch.stack(rows))
    return torch.cat(out, 1)


def vit(config, w, image):
    """One image [channels, side, side], patch by patch."""
    p = config["patch_size"]
    eps = config["layer_norm_eps"]
    projection = "vit.embeddings.patch_embeddings.projection"
    rows = [w["vit.embeddings.cls_token"][0, 0]]
    for y in range(0, config["image_size"], p):
        for x in range(0, config["image_size"], p):
            patch = image[:, y : y + p, x : x + p]
            rows.append((w[projection + ".weight"] * patch).sum((1, 2, 3)) + w[projection + ".bias"])
    x = torch.stack(rows) + w["vit.embeddings.position_embeddings"][0]
    for layer in range(config["num_hidden_layers"]):
        block = f"vit.encoder.layer.{layer}."
        h = layer_norm(x, w, block + "layernorm_before", eps)
        q, k, v = (linear(h, w, block + "attention.attention." + n) for n in ("query", "key", "value"))
        mixed = attend(q, k, v, config["num_attention_heads"])
        x = x + linear(mixed, w, block + "attention.output.dense")
        h = linear(layer_norm(x, w, block + "layernorm_after", eps), w, block + "intermediate.dense")
        h = 0.5 * h * (1 + torch.erf(h / math.sqrt(2)))
        x = x + linear(h, w, block + "output.dense")
    return linear(layer_norm(x, w, "vit.layernorm", eps)[0], w, "classifier")


def main():
    folder, images, out = sys.argv[1:]
    with open(folder + "/config.json") as file:
        config = json.load(file)
    weights = read_safetensors(folder + "/model.safetensors")
    with open(images, "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).double()
    side = config["image_size"]
    pixels = pixels.reshape(-1, config["num_channels"], side, side)
    logits = torch.stack([vit(config, weights, image) for image in pixels])
    noise = torch.sin(torch.arange(logits.numel()).double()).reshape(logits.shape)
    (logits * noise).sum().backward()
    with open(out, "wb") as file:
        file.write(logits.detach().float().numpy().tobytes())
        for name in sorted(weights):
            file.write(weights[name].grad.float().numpy().tobytes())


main()
