"""Rankers of several tasks: experts, gates and towers, over features or over a shopper's history and an item.

MMoE: Ma et al., KDD 2018. With experts of the tasks' own it is one layer of PLE: Tang et al., RecSys 2020.
"""

import torch


class Experts(torch.nn.Module):
    """[B, D] -> one vector [B, H] for each task, mixed by the task's gate from shared experts and its own."""

    def __init__(self, width: int, hidden: int, tasks: int, shared: int = 4, own: int = 1):
        super().__init__()
        self.hidden, self.shared, self.own = hidden, shared, own
        self.experts = torch.nn.Linear(width, (shared + tasks * own) * hidden)
        self.gates = torch.nn.ModuleList(torch.nn.Linear(width, shared + own) for _ in range(tasks))

    def forward(self, x):
        all_experts = torch.relu(self.experts(x)).reshape(x.shape[0], -1, self.hidden)
        common, result = all_experts[:, :self.shared], []
        for task, gate in enumerate(self.gates):
            first = self.shared + task * self.own
            seen = torch.cat([common, all_experts[:, first:first + self.own]], 1)
            result.append((torch.softmax(gate(x), 1).unsqueeze(2) * seen).sum(1))
        return result


class Towers(torch.nn.Module):
    """One small network for each task -> logits [B, T], and the last hidden layers side by side [B, T * H]."""

    def __init__(self, width: int, hidden: int, tasks: int):
        super().__init__()
        self.inner = torch.nn.ModuleList(torch.nn.Linear(width, hidden) for _ in range(tasks))
        self.last = torch.nn.ModuleList(torch.nn.Linear(hidden, 1) for _ in range(tasks))

    def forward(self, mixed):
        states = [torch.relu(layer(x)) for layer, x in zip(self.inner, mixed)]
        return torch.cat([layer(s) for layer, s in zip(self.last, states)], 1), torch.cat(states, 1)


class TableRanker(torch.nn.Module):
    """``dense`` f32[B, F] and ``categories`` i64[B, C], ids of all columns in one table -> logits [B, T], hidden."""

    def __init__(self, dense: int, columns: int, ids: int, tasks: int, dimension: int = 8, hidden: int = 64,
                 tower: int = 16, mean=None, scale=None):
        super().__init__()
        self.register_buffer("mean", torch.zeros(dense) if mean is None else torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.ones(dense) if scale is None else torch.as_tensor(scale, dtype=torch.float32))
        self.table = torch.nn.Embedding(ids, dimension)
        self.experts = Experts(dense + columns * dimension, hidden, tasks)
        self.towers = Towers(hidden, tower, tasks)
        torch.nn.init.normal_(self.table.weight, std=0.05)

    def forward(self, dense, categories):
        return self.towers(self.experts(torch.cat([(dense - self.mean) * self.scale, self.table(categories).flatten(1)], 1)))


class ShopRanker(torch.nn.Module):
    """A shopper's history against an item, by attention in the manner of DIN (Zhou et al., KDD 2018).

    History [1 or B, L], item [B]: ids of item, category and brand, 0 where there is none; ``bought`` 1 where a step was a
    purchase; ``price`` the item's, f32[B]. -> logits [B, 2] of click and buy, hidden.
    """

    def __init__(self, items: int, categories: int, brands: int, dimension: int = 16, hidden: int = 48, tower: int = 16):
        super().__init__()
        self.items = torch.nn.Embedding(items + 1, dimension, padding_idx=0)
        self.categories = torch.nn.Embedding(categories + 1, dimension, padding_idx=0)
        self.brands = torch.nn.Embedding(brands + 1, dimension, padding_idx=0)
        for table in (self.items, self.categories, self.brands):
            torch.nn.init.normal_(table.weight, std=0.1)
        self.query = torch.nn.Linear(3 * dimension, 3 * dimension)
        self.nearness = torch.nn.Parameter(torch.tensor(0.1))
        self.experts = Experts(9 * dimension + 6, hidden, 2)
        self.towers = Towers(hidden, tower, 2)

    def forward(self, hist_items, hist_categories, hist_brands, hist_mask, bought_items, bought_mask, item, category, brand,
                price):
        steps = torch.cat([self.items(hist_items), self.categories(hist_categories), self.brands(hist_brands)], 2)
        own = torch.cat([self.items(item), self.categories(category), self.brands(brand)], 1)
        mask = hist_mask.unsqueeze(1)                                                           # [R, 1, L]
        age = (hist_mask.sum(1, keepdim=True) - hist_mask.cumsum(1)).unsqueeze(1)               # 0 = the newest
        close = torch.matmul(self.query(own).unsqueeze(1), steps.transpose(1, 2)) / own.shape[1] ** 0.5
        weights = torch.softmax(close - self.nearness.abs() * age - 1e4 * (1 - mask), 2) * mask
        attended = torch.matmul(weights, steps).squeeze(1)
        recent = torch.softmax(-age - 1e4 * (1 - mask), 2) * mask
        newest = torch.matmul(recent, steps).squeeze(1).expand(own.shape[0], -1)
        counted = mask.squeeze(1).sum(1, keepdim=True) + 1

        def share(of_steps, of_item, by):
            return ((of_steps == of_item.unsqueeze(1)).to(price.dtype) * by).sum(1, keepdim=True)

        same = [share(hist_items, item, hist_mask), share(hist_categories, category, hist_mask) / counted,
                share(hist_brands, brand, hist_mask) / counted, share(hist_categories, category, recent.squeeze(1)),
                share(bought_items, item, bought_mask)]
        x = torch.cat([attended, attended * own, newest * own, torch.log1p(price).unsqueeze(1) / 4, *same], 1)
        return self.towers(self.experts(x))
