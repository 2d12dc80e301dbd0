"""Writes ease-golden.txt: a log, lambda, and what EASE scores for some histories, with NumPy.

    python ease-golden.py > ease-golden.txt

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019), equations 7 and 8.
"""

import numpy as np

USERS, ITEMS, LAMBDA = 40, 15, 7.5

rng = np.random.default_rng(11)
taste = rng.normal(size=(USERS, 3)) @ rng.normal(size=(3, ITEMS))
had = (taste + rng.normal(size=(USERS, ITEMS)) > 1.5).astype(float)
had[:, ITEMS - 1] = 0  # an item nobody had

gram = had.T @ had + LAMBDA * np.eye(ITEMS)
inverse = np.linalg.inv(gram)
weights = -inverse / np.diag(inverse)
np.fill_diagonal(weights, 0)

print("lambda", LAMBDA)
for row in had:
    print("user", *np.flatnonzero(row))
for size in (1, 2, 3, 5):
    for _ in range(4):
        history = rng.choice(ITEMS, size=size, replace=False)
        asked = np.zeros(ITEMS)
        asked[history] = 1
        if had[:, history].any():
            print("history", *history)
            print("scores", *(asked @ weights))
