"""The published L2UL procedure in PyTorch on a network small enough to check by: prints what
packages/unlearning/src/methods/l2ul/l2ul.reference.test.ts expects. Two classes and an attack of
radius 0 leave nothing to chance: every perturbed sample is its source with the other label.

As csm9493/L2UL does it at 5fb777b: training mode, two forward passes a step, batches in order,
SGD with momentum and weight decay; its defects mended as docs/unlearning.md says: running
statistics stay (momentum 0), importance is taken sample by sample in evaluation mode.

pip install torch==2.5.1; python bench/reference/l2ul.py
"""

import json

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def numbers(*shape, phase):
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(phase + 1.7 * i).view(*shape)


def network():
    """dense 4 -> 3, batch norm, relu, dense 3 -> 2; kernels are [in, out] there, [out, in] here."""
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 3),
        torch.nn.BatchNorm1d(3, eps=1e-3, momentum=0.0),
        torch.nn.ReLU(),
        torch.nn.Linear(3, 2),
    )
    dense, norm, _, last = net
    dense.weight.data = 0.1 * numbers(4, 3, phase=0.3).T.contiguous()
    dense.bias.data = 0.1 * numbers(3, phase=0.9)
    norm.weight.data = 1 + 0.3 * numbers(3, phase=1.1)
    norm.bias.data = 0.2 * numbers(3, phase=2.3)
    norm.running_mean = 0.05 * numbers(3, phase=0.1)
    norm.running_var = 0.02 + 0.01 * numbers(3, phase=0.7)
    last.weight.data = numbers(3, 2, phase=1.9).T.contiguous()
    last.bias.data = numbers(2, phase=0.4)
    return net


K, FORGET, COPIES, ADVERSARIAL, STEPS = 6, 4, 3, 8, 5
LEARNING_RATE, MOMENTUM, DECAY, LAMBDA = 0.02, 0.9, 0.01, 1.0


def unlearn(method):
    net = network()
    params = list(net.parameters())
    x = numbers(K, 4, phase=0.5)
    net.eval()
    y = net(x).argmax(1)
    x_adv, y_adv = x.repeat_interleave(COPIES, 0), 1 - y.repeat_interleave(COPIES, 0)

    omega = [torch.zeros_like(p) for p in params]
    for i in range(K):
        grads = torch.autograd.grad(net(x[i : i + 1]).norm(2), params)
        omega = [o + g.abs() for o, g in zip(omega, grads)]
    hold = [1 - (o - o.min()) / (o.max() - o.min()) for o in omega]
    theta0 = [p.detach().clone() for p in params]

    net.train()
    sgd = torch.optim.SGD(params, lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=DECAY)
    losses = []
    epoch = -(-K // FORGET) if method == "neggrad" else -(-len(x_adv) // ADVERSARIAL)
    for step in range(STEPS):
        f = (step % -(-K // FORGET)) * FORGET
        x_f, y_f = x[f : f + FORGET], y[f : f + FORGET]
        a = (step % epoch) * ADVERSARIAL
        x_a, y_a = x_adv[a : a + ADVERSARIAL], y_adv[a : a + ADVERSARIAL]
        n, m = len(x_f), 0 if method == "neggrad" else len(x_a)
        loss = -F.cross_entropy(net(x_f), y_f) * n / (n + m)
        if method != "neggrad":
            loss = loss + F.cross_entropy(net(x_a), y_a) * m / (n + m)
        if method == "l2ul":
            moved = [(h * (p - p0) ** 2).sum() for h, p, p0 in zip(hold, params, theta0)]
            loss = loss + LAMBDA / 2 * sum(moved)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(round(loss.item(), 6))
    # In the order and layout of tfjs: kernel, bias, gamma, beta, kernel, bias.
    w, b, gamma, beta, w2, b2 = (p.detach() for p in params)
    weights = [w.T, b, gamma, beta, w2.T, b2]
    return {
        "losses": losses,
        "weights": [[round(v, 6) for v in t.flatten().tolist()] for t in weights],
    }


print(json.dumps({method: unlearn(method) for method in ("neggrad", "adv", "l2ul")}))
