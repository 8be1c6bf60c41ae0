"""IR-MAD (Nielsen 2007) of two rasters by numpy and scipy, written from the equations of METHODS 1.4.

    gdal_translate -of ENVI TARGET.tif target.raw; gdal_translate -of ENVI REFERENCE.tif reference.raw
    python3 irmad.py target.raw reference.raw

Both hold four bands of uint16 counts of a ten-thousandth. Prints the canonical correlations, the iterations, and how many pixels have P > 0.95.
"""
import json
import sys

import numpy as np
from scipy.linalg import eigh
from scipy.stats import chi2

x, y = (np.fromfile(path, "<u2").reshape(4, -1) * 1e-4 for path in sys.argv[1:3])
weights = np.ones(x.shape[1])
last = np.full(4, np.inf)
for iteration in range(1, 51):
    total = weights.sum()
    both = np.vstack([x, y])
    centred = both - (both * weights).sum(axis=1, keepdims=True) / total
    s = (centred * weights) @ centred.T / total
    s11, s12, s22 = s[:4, :4], s[:4, 4:], s[4:, 4:]
    squares, a = eigh(s12 @ np.linalg.inv(s22) @ s12.T, s11)
    rho = np.sqrt(squares)
    b = np.linalg.inv(s22) @ s12.T @ a / rho
    mads = a.T @ centred[:4] - b.T @ centred[4:]
    z = (mads**2 / (2 * (1 - rho))[:, None]).sum(axis=0)
    weights = chi2.sf(z, 4)
    moved, last = np.abs(rho - last).max(), rho
    if moved < 1e-3:
        break
print(json.dumps({"correlations": rho[::-1].tolist(), "iterations": iteration, "pif": int((weights > 0.95).sum())}))
