"""NDVI by rasterio in two processes, then a COG: scene, output, codec, level. Blocks of 1024 rows, float32, int16 counts."""
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import rasterio
from rasterio.shutil import copy
from rasterio.windows import Window

SOURCE, OUT, CODEC, LEVEL = sys.argv[1:5]
ROWS = 512


def ndvi(row):
    with rasterio.open(SOURCE) as scene:
        height = min(ROWS, scene.height - row)
        red, nir = scene.read([3, 4], window=Window(0, row, scene.width, height))
    valid = (red != 0) & (nir != 0)
    red = red.astype(np.float32)
    nir = nir.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        counts = np.rint(10000 * ((nir - red) / (nir + red)))
    return row, np.where(valid, counts, -32768).astype(np.int16)


if __name__ == "__main__":
    with rasterio.open(SOURCE) as scene:
        profile = dict(driver="GTiff", width=scene.width, height=scene.height, count=1, dtype="int16", crs=scene.crs,
                       transform=scene.transform, nodata=-32768, tiled=True, blockxsize=512, blockysize=512)
        rows = range(0, scene.height, ROWS)
    with ProcessPoolExecutor(2) as pool, rasterio.open(OUT + ".tmp.tif", "w", **profile) as target:
        for row, counts in pool.map(ndvi, rows):
            target.write(counts, 1, window=Window(0, row, counts.shape[1], counts.shape[0]))
    copy(OUT + ".tmp.tif", OUT, driver="COG", compress=CODEC, level=LEVEL, predictor=2, blocksize=512,
         num_threads="ALL_CPUS", overview_resampling="average")
