"""ResNet-20 as bench/unlearning/residual-network.ts builds it, in PyTorch, for `bench:backend --torch`.

pip install torch==2.5.1; npm run bench:backend -- --torch python

For every line on stdin, `train` or `forward`, it runs one step and prints the seconds it took by
the clock and by the processor. Arguments: batch, threads, and a device, cpu or cuda.
"""

import sys
import time

import torch
import torch.nn.functional as F

batch, threads = int(sys.argv[1]), int(sys.argv[2])
device = sys.argv[3]
torch.set_num_threads(threads)
# In float32 as libtensorflow computes for us, and by the fastest algorithm for these sizes.
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
torch.manual_seed(1)


def conv(channels, filters, stride):
    return torch.nn.Conv2d(channels, filters, 3, stride=stride, padding=1)


class Block(torch.nn.Module):
    """Shortcut option A: every other pixel, new channels zero."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.stride, self.new = stride, filters - channels
        self.first, self.second = conv(channels, filters, stride), conv(filters, filters, 1)

    def forward(self, x):
        skip = x
        if self.stride > 1:
            skip = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))
        return F.relu(self.second(F.relu(self.first(x))) + skip)


class ResNet20(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 16, 1)
        blocks, channels = [], 16
        for filters in (16, 32, 64):
            for block in range(3):
                stride = 2 if block == 0 and filters > 16 else 1
                blocks.append(Block(channels, filters, stride))
                channels = filters
        self.blocks = torch.nn.Sequential(*blocks)
        self.head = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


# Channels last is what PyTorch's convolutions are fastest on.
net = ResNet20().to(device, memory_format=torch.channels_last)
images = torch.randn(batch, 3, 32, 32).to(device, memory_format=torch.channels_last)
labels = (torch.arange(batch) % 10).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)


def train():
    optimizer.zero_grad()
    loss = F.cross_entropy(net(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def forward():
    with torch.no_grad():
        return net(images).sum().item()


steps = {"train": train, "forward": forward}
name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
print(f"PyTorch {torch.__version__}, {name}, {threads} threads", flush=True)
for line in sys.stdin:
    started, processor = time.perf_counter(), time.process_time()
    steps[line.strip()]()
    print(time.perf_counter() - started, time.process_time() - processor, flush=True)
