"""Trains the residual networks of an audit in PyTorch: minutes on a GPU where ours takes days.

npm run bench:audit -- --data cifar-10 --network resnet-20 … --resume DIR --export
pip install torch==2.5.1; python bench/reference/train_residual.py DIR/<the folder it names>

What is trained on which images is read from that folder, and each network is written there, as
bench:audit keeps those it has trained itself: it goes on with them. Networks that are there already
are left alone. Several are trained at once, on a GPU as one CUDA graph: seventeen ResNet-20 took
eight minutes on an H200, for 80 epochs of all of CIFAR-10. On a processor that multiplies bfloat16
(AVX512_BF16, AMX) one takes about an hour for 40 epochs: OMP_NUM_THREADS=1 … --bfloat16 --at-once 1
--part 1/2, and beside it --part 2/2.

By SGD with Nesterov's momentum, 0.9, in bfloat16 where there is a GPU; a step size that rises for a
tenth of the steps and falls to 0 by a line; images shifted and mirrored as He et al. do it (2016,
§4.2), what comes in mirrored at the border; running statistics measured at the end, in float32.
"""

import argparse
import json
import os
import re
import sys
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("folder", help="where bench:audit --export wrote plan.json")
parser.add_argument("--batch", type=int, default=256, help="images of a step (default 256)")
parser.add_argument("--step", type=float, default=0.3, help="greatest step size (default 0.3)")
parser.add_argument("--decay", type=float, default=1e-4, help="weight decay (default 1e-4)")
parser.add_argument("--at-once", type=int, default=9, help="networks at a time (default 9)")
parser.add_argument("--eager", action="store_true", help="no CUDA graph")
parser.add_argument("--bfloat16", action="store_true", help="also without a GPU")
parser.add_argument("--part", default="1/1", help="i/n: every n-th network of the plan (default 1/1)")
options = parser.parse_args()

device = "cuda" if torch.cuda.is_available() else "cpu"
bfloat16 = device == "cuda" or options.bfloat16
torch.backends.cudnn.benchmark = True
part = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", options.part)
if part is None or int(part[1]) > int(part[2]):
    parser.error(f"argument --part: not i/n, from 1/n to n/n: {options.part!r}")


class Convolution(torch.nn.Module):
    """3×3, padded as TensorFlow pads `same`: by strides of 2 an even side gets one row, at its end."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.pad = stride > 1
        self.kernel = torch.nn.Conv2d(
            channels, filters, 3, stride=stride, padding=0 if self.pad else 1, bias=False
        )
        self.norm = torch.nn.BatchNorm2d(filters, eps=1e-5)

    def forward(self, x):
        return self.norm(self.kernel(F.pad(x, (0, 1, 0, 1)) if self.pad else x))


class Block(torch.nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.stride, self.new = stride, filters - channels
        self.inner = Convolution(channels, filters, stride)
        self.outer = Convolution(filters, filters, 1)

    def forward(self, x):
        skip = x
        if self.stride > 1:
            skip = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))
        return F.relu(self.outer(F.relu(self.inner(x))) + skip)


class ResNet(torch.nn.Module):
    """As bench/unlearning/residual-network.ts builds it, with batch normalisation."""

    def __init__(self, channels, classes, blocks):
        super().__init__()
        self.stem = Convolution(channels, 16, 1)
        self.blocks = torch.nn.ModuleList()
        wide = 16
        for filters in (16, 32, 64):
            for block in range(blocks):
                stride = 2 if block == 0 and filters > 16 else 1
                self.blocks.append(Block(wide, filters, stride))
                wide = filters
        self.head = torch.nn.Linear(64, classes)
        for module in self.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        torch.nn.init.kaiming_normal_(self.head.weight, nonlinearity="relu")
        torch.nn.init.zeros_(self.head.bias)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))

    def weights(self):
        """In the order of tfjs's `model.getWeights()`: what is trained, then what is not."""
        trained, frozen = [], []

        def add(convolution):
            norm = convolution.norm
            trained.extend([convolution.kernel.weight.permute(2, 3, 1, 0), norm.weight, norm.bias])
            frozen.extend([norm.running_mean, norm.running_var])

        add(self.stem)
        for block in self.blocks:
            add(block.inner)
            add(block.outer)
            if block.new > 0:
                # The shortcut copies the channels there are: [1, 1, channels, filters].
                filters = len(block.outer.norm.weight)
                frozen.append(torch.eye(filters - block.new, filters)[None, None])
        trained.extend([self.head.weight.T, self.head.bias])
        return [weight.detach().float().cpu().contiguous() for weight in [*trained, *frozen]]


class Images:
    """All images, uint8 [n, channels, height, width], and labels, int64 [n]."""

    def __init__(self, folder, shape, augment):
        height, width, channels = shape
        values = torch.frombuffer(bytearray(read(folder, "images.u8")), dtype=torch.uint8)
        self.values = values.view(-1, height, width, channels).permute(0, 3, 1, 2).to(device)
        labels = torch.frombuffer(bytearray(read(folder, "labels.u8")), dtype=torch.uint8)
        self.labels = labels.long().to(device)
        self.augment = augment
        if augment == "none":
            return
        self.down, self.right = height // 8, width // 8
        border = (self.right, self.right, self.down, self.down)
        self.padded = F.pad(self.values.float(), border, mode="reflect").to(torch.uint8)

    def moved(self, generator):
        """A copy of all, each image moved by chance."""
        if self.augment == "none":
            return self.values
        n, _, height, width = self.values.shape
        down, right = 2 * self.down + 1, 2 * self.right + 1
        way = torch.randint(down * right, (n,), generator=generator, device=device)
        moved = torch.empty_like(self.values)
        for y in range(down):
            for x in range(right):
                rows = (way == y * right + x).nonzero().flatten()
                moved[rows] = self.padded[rows, :, y : y + height, x : x + width]
        if self.augment == "shift-and-mirror":
            mirrored = torch.rand(n, generator=generator, device=device) < 0.5
            moved[mirrored] = moved[mirrored].flip(-1)
        return moved


class Training:
    """One network: its next batch, and a step on it."""

    def __init__(self, network, plan, images):
        self.file = network["file"]
        torch.manual_seed(network["seed"])
        shape = plan["sampleShape"]
        self.net = ResNet(shape[-1], plan["classes"], plan["blocks"]).to(
            device, memory_format=torch.channels_last
        )
        self.images = images
        stays = torch.ones(len(images.labels), dtype=torch.bool, device=device)
        stays[torch.tensor(network["leftOut"], dtype=torch.long, device=device)] = False
        self.rows = stays.nonzero().flatten()
        self.generator = torch.Generator(device=device).manual_seed(network["seed"])
        self.parameters = list(self.net.parameters())
        self.speeds = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.order, self.at = self.rows[:0], 0
        height, width, channels = shape
        self.batch = torch.empty(
            (options.batch, channels, height, width), dtype=torch.uint8, device=device
        ).to(memory_format=torch.channels_last)
        self.labels = torch.zeros(options.batch, dtype=torch.long, device=device)

    def draw(self):
        """Batches walk over the images in an order of chance, and over them again in another."""
        if self.at + options.batch > len(self.order):
            mixed = torch.randperm(len(self.rows), generator=self.generator, device=device)
            self.order, self.at = self.rows[mixed], 0
            self.moved = self.images.moved(self.generator)
        rows = self.order[self.at : self.at + options.batch]
        self.at += options.batch
        self.batch.copy_(self.moved[rows])
        self.labels.copy_(self.images.labels[rows])

    def step(self, size):
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16, cache_enabled=False):
            logits = self.net(self.batch.float() / 255)
        loss = F.cross_entropy(logits.float(), self.labels)
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            gradients = torch._foreach_add(gradients, self.parameters, alpha=options.decay)
            torch._foreach_mul_(self.speeds, 0.9)
            torch._foreach_add_(self.speeds, gradients)
            moves = torch._foreach_add(gradients, self.speeds, alpha=0.9)
            torch._foreach_mul_(moves, size)
            torch._foreach_sub_(self.parameters, moves)

    def finish(self):
        """Running statistics of 8,192 of its images as they are; says how many of them it knows."""
        mixed = torch.randperm(len(self.rows), generator=self.generator, device=device)
        parts = self.rows[mixed[:8192]].split(256)
        for module in self.net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None
        known = 0
        with torch.no_grad():
            for part in parts:
                self.net(self.images.values[part].float() / 255)
            self.net.eval()
            for part in parts:
                logits = self.net(self.images.values[part].float() / 255)
                known += (logits.argmax(1) == self.images.labels[part]).sum().item()
        return known / sum(len(part) for part in parts)


def train_all(trainings, epochs):
    """In step with one another; where there is a GPU, side by side in one graph."""
    images = len(trainings[0].images.labels)
    steps = epochs * (images // options.batch)
    size = torch.zeros((), device=device)
    for training in trainings:
        training.draw()
    graph = device == "cuda" and not options.eager
    step = captured(trainings, size) if graph else lambda: each(trainings, size)
    started = time.time()
    for at in range(steps):
        size.fill_(options.step * min(1, (at + 1) / (0.1 * steps), (steps - at) / (0.9 * steps)))
        step()
        for training in trainings:
            training.draw()
        if at % 50 == 0 or at == steps - 1:
            if device == "cuda":
                torch.cuda.synchronize()
            pace = (at + 1) * options.batch * len(trainings) / (time.time() - started)
            end = "\n" if at == steps - 1 else ""
            print(f"\rstep {at + 1}/{steps}, {pace:,.0f} images/s", end=end, file=sys.stderr)


def each(trainings, size):
    for training in trainings:
        training.step(size)


def captured(trainings, size):
    """A graph of one step of each; steps of size 0 come first: CUDA wants some before it records."""
    streams = [torch.cuda.Stream() for _ in trainings]

    def together():
        here = torch.cuda.current_stream()
        for training, stream in zip(trainings, streams):
            stream.wait_stream(here)
            with torch.cuda.stream(stream):
                training.step(size)
        for stream in streams:
            here.wait_stream(stream)

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            together()
    torch.cuda.current_stream().wait_stream(aside)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        together()
    for training in trainings:
        torch._foreach_zero_(training.speeds)
    return graph.replay


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def write(path, weights):
    """Whole or not at all."""
    with open(path + ".part", "wb") as file:
        for weight in weights:
            file.write(weight.numpy().tobytes())
    os.replace(path + ".part", path)


def main():
    folder = options.folder
    if not os.path.exists(os.path.join(folder, "plan.json")):
        sys.exit(f"{folder} holds no plan.json: give the folder that bench:audit --export names.")
    plan = json.loads(read(folder, "plan.json"))
    shape = plan["sampleShape"]
    weights = ResNet(shape[-1], plan["classes"], plan["blocks"]).weights()
    if [list(weight.shape) for weight in weights] != plan["weights"]:
        sys.exit("The plan is of another network: this one's weights have other shapes.")
    images = Images(folder, shape, plan["augment"])
    left = [
        network
        for network in plan["networks"][int(part[1]) - 1 :: int(part[2])]
        if not os.path.exists(os.path.join(folder, network["file"]))
    ]
    for first in range(0, len(left), options.at_once):
        trainings = [
            Training(network, plan, images) for network in left[first : first + options.at_once]
        ]
        print("training", *(training.file for training in trainings), file=sys.stderr)
        train_all(trainings, plan["epochs"])
        for training in trainings:
            known = training.finish()
            if not all(weight.isfinite().all() for weight in training.net.weights()):
                sys.exit(f"{training.file}: training diverged, nothing is written: give a smaller --step.")
            write(os.path.join(folder, training.file), training.net.weights())
            print(f"{training.file}: {100 * known:.2f} % of its images", flush=True)


main()
