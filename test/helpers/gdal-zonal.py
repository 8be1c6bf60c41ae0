"""Statistics of a raster under polygons by GDAL's rasterizer (pixel centres) and numpy.

Arguments: raster, GeoJSON file in the raster's CRS whose polygons do not overlap and have `number` 1, 2, ...
Out: {"<number>": [count, mean, standard deviation, min, max, median]} of stored values that are not nodata.
"""

import json
import sys

import numpy
from osgeo import gdal, ogr

gdal.UseExceptions()
raster = gdal.Open(sys.argv[1])
band = raster.GetRasterBand(1)
values = band.ReadAsArray().astype(numpy.float64)
numbers = gdal.GetDriverByName("MEM").Create("", raster.RasterXSize, raster.RasterYSize, 1, gdal.GDT_Int32)
numbers.SetGeoTransform(raster.GetGeoTransform())
numbers.SetProjection(raster.GetProjection())
vector = ogr.Open(sys.argv[2])
gdal.RasterizeLayer(numbers, [1], vector.GetLayer(0), options=["ATTRIBUTE=number"])
where = numbers.ReadAsArray()
out = {}
for number in numpy.unique(where):
    under = values[(where == number) & (values != band.GetNoDataValue())]
    if number > 0 and under.size > 0:
        found = [under.size, under.mean(), under.std(), under.min(), under.max(), numpy.median(under)]
        out[str(number)] = [float(value) for value in found]
json.dump(out, sys.stdout)
