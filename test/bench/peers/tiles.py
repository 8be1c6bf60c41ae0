"""256 px Web Mercator palette PNG tiles: engine (gdal or rasterio), COG, list of tiles, palette, folder for samples.

The list is lines of `z x y`; the palette is JSON {steps: index of every int16 count, colors: [[r, g, b, a], ...]}.
Prints {"tiles", "wall", "cpu"} of the loop alone. Every tile's PNG is made in memory; those of the first 20 are kept.
"""
import json
import os
import sys
import time

import numpy as np

ENGINE, COG, LIST, PALETTE, FOLDER = sys.argv[1:6]
HALF = 20037508.342789244
with open(LIST) as file:
    tiles = [tuple(map(int, line.split())) for line in file]
with open(PALETTE) as file:
    palette = json.load(file)
lut = np.array(palette["steps"], dtype=np.uint8)
colors = palette["colors"]


def bounds(z, x, y):
    edge = 2 * HALF / 2**z
    return -HALF + x * edge, HALF - (y + 1) * edge, -HALF + (x + 1) * edge, HALF - y * edge


def indices(counts):
    return lut[counts.astype(np.int32) + 32768]


def with_gdal():
    from osgeo import gdal

    gdal.UseExceptions()
    gdal.SetConfigOption("GDAL_CACHEMAX", "512")
    source = gdal.Open(COG)
    table = gdal.ColorTable()
    for i, color in enumerate(colors):
        table.SetColorEntry(i, tuple(color))
    png = gdal.GetDriverByName("PNG")
    memory = gdal.GetDriverByName("MEM")

    def tile(z, x, y):
        warped = gdal.Warp("", source, format="MEM", dstSRS="EPSG:3857", outputBounds=bounds(z, x, y), width=256,
                           height=256, resampleAlg="near", dstNodata=-32768)
        image = memory.Create("", 256, 256, 1, gdal.GDT_Byte)
        band = image.GetRasterBand(1)
        band.SetColorTable(table)
        band.SetNoDataValue(0)
        band.WriteArray(indices(warped.GetRasterBand(1).ReadAsArray()))
        png.CreateCopy("/vsimem/tile.png", image, options=["ZLEVEL=4"])
        file = gdal.VSIFOpenL("/vsimem/tile.png", "rb")
        gdal.VSIFSeekL(file, 0, 2)
        size = gdal.VSIFTellL(file)
        gdal.VSIFSeekL(file, 0, 0)
        data = gdal.VSIFReadL(1, size, file)
        gdal.VSIFCloseL(file)
        return bytes(data)

    return tile


def with_rasterio():
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.io import MemoryFile
    from rasterio.transform import from_bounds
    from rasterio.vrt import WarpedVRT

    source = rasterio.open(COG)
    colormap = {i: tuple(color) for i, color in enumerate(colors)}

    def tile(z, x, y):
        transform = from_bounds(*bounds(z, x, y), 256, 256)
        with WarpedVRT(source, crs="EPSG:3857", transform=transform, width=256, height=256,
                       resampling=Resampling.nearest, nodata=-32768) as vrt:
            counts = vrt.read(1)
        with MemoryFile() as memory:
            with memory.open(driver="PNG", width=256, height=256, count=1, dtype="uint8", nodata=0, ZLEVEL=4) as image:
                image.write(indices(counts), 1)
                image.write_colormap(1, colormap)
            return bytes(memory.getbuffer())

    return tile


make = with_gdal() if ENGINE == "gdal" else with_rasterio()
make(*tiles[0])
wall, cpu = time.perf_counter(), time.process_time()
size = 0
for i, (z, x, y) in enumerate(tiles):
    data = make(z, x, y)
    size += len(data)
    if i < 20:
        with open(os.path.join(FOLDER, "%d-%d-%d.png" % (z, x, y)), "wb") as out:
            out.write(data)
print(json.dumps({"tiles": len(tiles), "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
                  "bytes": size}))
