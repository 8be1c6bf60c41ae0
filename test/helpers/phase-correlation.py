"""
Shifts by numpy, independent of ours, for tests of phase correlation.

    python3 test/helpers/phase-correlation.py oracle          (numpy 2.4.6) writes fixtures/golden/phase.json to stdout
    /usr/bin/python3 test/helpers/phase-correlation.py naip REFERENCE MOVING    (GDAL 3.6.2, numpy 1.24.2)

`oracle`: band-limited noise of 64 × 64 pixels (METHODS, oracle `phasecorr`: seed 7, sigma 0.08 cycles a pixel) as counts, rolled
by (3, -5), and shifted by (0.35, -0.70) through its spectrum; the peak of the roll's correlation.

`naip`: all four bands of both files as arrays (georeference ignored), windows of 256 pixels every 128, less their means, under
a Hann window; the normalised cross-power spectra of all windows and bands added up, transformed on a grid 100 times as fine
around its peak. Prints how far the moving image must go to the right and down.
"""
import json
import sys

import numpy as np


def oracle():
    rng = np.random.default_rng(7)
    f = np.fft.fftfreq(64)
    im = rng.normal(size=(64, 64))
    im = np.real(np.fft.ifft2(np.fft.fft2(im) * np.exp(-((f[:, None] ** 2 + f[None] ** 2) / (2 * 0.08 ** 2)))))
    im = np.round(im * 1000)
    moved = np.roll(im, (3, -5), (0, 1))
    q = np.fft.fft2(im) * np.conj(np.fft.fft2(moved))
    c = np.real(np.fft.ifft2(q / np.maximum(abs(q), 1e-12)))
    k = np.unravel_index(c.argmax(), c.shape)
    fine = np.real(np.fft.ifft2(np.fft.fft2(im) * np.exp(-2j * np.pi * (f[:, None] * 0.35 + f[None] * -0.70))))
    print('{"recipe": "python3 test/helpers/phase-correlation.py oracle, numpy %s",' % np.__version__)
    print('"peak_index": [%d, %d], "peak": %.6f,' % (*k, c.max()))
    print('"image": %s,' % json.dumps([int(v) for v in im.ravel()], separators=(',', ':')))
    print('"shifted": %s}' % json.dumps([round(float(v), 1) for v in fine.ravel()], separators=(',', ':')))


def naip(reference, moving):
    from osgeo import gdal
    a, b = [gdal.Open(p).ReadAsArray().astype(float) for p in (reference, moving)]
    height, width = min(a.shape[1], b.shape[1]), min(a.shape[2], b.shape[2])
    n = 256
    hann = np.hanning(n)[:, None] * np.hanning(n)[None]
    total = np.zeros((n, n), complex)
    for row in range(0, height - n + 1, n // 2):
        for col in range(0, width - n + 1, n // 2):
            for band in range(a.shape[0]):
                x, y = [v[band, row:row + n, col:col + n] for v in (a, b)]
                q = np.fft.fft2((x - x.mean()) * hann) * np.conj(np.fft.fft2((y - y.mean()) * hann))
                total += q / np.maximum(abs(q), 1e-12)
    c = np.real(np.fft.ifft2(total))
    row, col = [int(v - n if v > n / 2 else v) for v in np.unravel_index(c.argmax(), c.shape)]
    f = np.fft.fftfreq(n)
    steps = np.arange(-150, 151) / 100
    fine = np.real(np.exp(2j * np.pi * np.outer(row + steps, f)) @ total @ np.exp(2j * np.pi * np.outer(f, col + steps)))
    j, i = np.unravel_index(fine.argmax(), fine.shape)
    print('dx %.2f dy %.2f' % (col + steps[i], row + steps[j]))


oracle() if sys.argv[1] == 'oracle' else naip(*sys.argv[2:4])
