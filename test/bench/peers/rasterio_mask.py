"""Statistics of each parcel by rasterio.mask (pixel centres): raster, parcels.geojson, out.csv."""
import json
import sys

import numpy as np
import rasterio
from rasterio.mask import mask

with rasterio.open(sys.argv[1]) as raster, open(sys.argv[2]) as file, open(sys.argv[3], "w") as out:
    out.write("id,mean,stdev,min,max,median\n")
    for feature in json.load(file)["features"]:
        cut, _ = mask(raster, [feature["geometry"]], crop=True, filled=False)
        values = cut.compressed().astype(np.float64) * 0.0001
        if values.size:
            out.write("%s,%r,%r,%r,%r,%r\n" % (feature["properties"]["id"], values.mean(), values.std(), values.min(),
                                               values.max(), np.median(values)))
