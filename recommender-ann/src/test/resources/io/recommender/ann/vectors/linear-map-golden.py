"""Writes linear-map-golden.txt: vectors, and the maps that NumPy fits to them.

    python linear-map-golden.py > linear-map-golden.txt

Ridge regression with an intercept by least squares on rows extended by sqrt(lambda), which is not how the library solves it;
the orthogonal Procrustes problem by the singular value decomposition.
"""

import numpy as np

ROWS, SOURCE, TARGET, LAMBDA = 40, 7, 4, 2.5

rng = np.random.default_rng(35)
source = rng.normal(size=(ROWS, SOURCE)).astype(np.float32)
target = (source @ rng.normal(size=(SOURCE, TARGET)) + 0.3 * rng.normal(size=(ROWS, TARGET)) + 1).astype(np.float32)
turned = (source @ np.linalg.qr(rng.normal(size=(SOURCE, SOURCE)))[0] + 0.1 * rng.normal(size=(ROWS, SOURCE))).astype(np.float32)


def show(name, rows):
    for row in np.atleast_2d(rows):
        print(name, *(repr(float(number)) for number in row))


x, y, z = (rows.astype(np.float64) for rows in (source, target, turned))
extended = np.vstack([x - x.mean(0), np.sqrt(LAMBDA) * np.eye(SOURCE)])
weights = np.linalg.lstsq(extended, np.vstack([y - y.mean(0), np.zeros((SOURCE, TARGET))]), rcond=None)[0].T
left, _, right = np.linalg.svd(z.T @ x)

print("lambda", LAMBDA)
show("source", x)
show("target", y)
show("turned", z)
show("weights", weights)
show("offset", y.mean(0) - weights @ x.mean(0))
show("rotation", left @ right)
