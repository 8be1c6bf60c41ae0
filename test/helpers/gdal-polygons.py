"""Reads masks from standard input and writes what GDAL makes of them, and of our polygons, as JSON.

In:  {"masks": [{"width", "height", "nodata", "data": [...], "connectivity": 4, "polygons": [geojson geometry, ...]}]}
Out: [{"areas": [[class, pixels], ...], "invalid": [indices of our polygons that OGR finds invalid]}]
"""

import json
import sys

import numpy
from osgeo import gdal, ogr

gdal.UseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")
out = []
for mask in json.load(sys.stdin)["masks"]:
    width, height = mask["width"], mask["height"]
    raster = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Int16)
    raster.SetGeoTransform([0, 1, 0, 0, 0, 1])
    band = raster.GetRasterBand(1)
    band.WriteArray(numpy.array(mask["data"], dtype=numpy.int16).reshape(height, width))
    if mask["nodata"] is not None:
        band.SetNoDataValue(mask["nodata"])
    store = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = store.CreateLayer("out")
    layer.CreateField(ogr.FieldDefn("class", ogr.OFTInteger))
    options = ["8CONNECTED=8"] if mask["connectivity"] == 8 else []
    gdal.Polygonize(band, band.GetMaskBand(), layer, 0, options)
    areas = []
    for feature in layer:
        areas.append([feature.GetField(0), feature.GetGeometryRef().GetArea()])
    areas.sort()
    ours = [ogr.CreateGeometryFromJson(json.dumps(polygon)) for polygon in mask["polygons"]]
    invalid = [i for i, polygon in enumerate(ours) if polygon is None or not polygon.IsValid()]
    out.append({"areas": areas, "invalid": invalid})
json.dump(out, sys.stdout)
