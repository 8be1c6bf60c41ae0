"""
Makes fixtures/golden/rpc.json: camera models and what GDAL's RPC transformer says of them.

    /usr/bin/python3 test/helpers/gdal-rpc.py fixtures/golden/rpc.json      (GDAL 3.6.2, numpy 1.24.2)

The models are made up: a pushbroom camera on a circular orbit, its rational polynomials fitted by linear least squares to
rays that meet the WGS 84 ellipsoid raised by 0 to 2500 m. Both directions are asked of `gdaltransform -rpc`, whose own
iteration is told to go on to 1e-4 pixels:

    gdaltransform -rpc -to RPC_PIXEL_ERROR_THRESHOLD=0.0001 -to RPC_MAX_ITERATIONS=100 model.vrt       col row height -> lon lat
    gdaltransform -rpc -i model.vrt                                                                   lon lat height -> col row
    … -to RPC_DEM=dem.tif -to RPC_HEIGHT=12.5      the same on a DEM (EPSG:32652, bilinear) 12.5 m under the ellipsoid's zero
"""
import json
import math
import os
import subprocess
import sys
import tempfile

import numpy as np
from osgeo import gdal, osr

A, F = 6378137.0, 1 / 298.257223563
E2 = F * (2 - F)
DEM = dict(epsg=32652, width=130, height=130, origin=[236000.0, 4915500.0], pixel=600.0, offset=12.5)

MODELS = [
    dict(name='5 m, nadir, descending at 11.5 degrees', pixel=5.0, size=[8000, 8000], altitude=535e3, heading=191.5, roll=0.0),
    dict(name='0.75 m, rolled 15 degrees', pixel=0.75, size=[53340, 24000], altitude=535e3, heading=191.5, roll=15.0),
    dict(name='3 m, rolled -25 degrees, ascending', pixel=3.0, size=[13340, 10000], altitude=656e3, heading=348.5, roll=-25.0),
]
CENTRE = (126.2, 44.0)


def ecef(lon, lat, h):
    lon, lat = np.radians(lon), np.radians(lat)
    n = A / np.sqrt(1 - E2 * np.sin(lat) ** 2)
    return np.stack([(n + h) * np.cos(lat) * np.cos(lon), (n + h) * np.cos(lat) * np.sin(lon), (n * (1 - E2) + h) * np.sin(lat)], -1)


def geodetic(p, rounds=8):
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    r = np.hypot(x, y)
    lat = np.arctan2(z, r * (1 - E2))
    for _ in range(rounds):
        n = A / np.sqrt(1 - E2 * np.sin(lat) ** 2)
        h = r / np.cos(lat) - n
        lat = np.arctan2(z, r * (1 - E2 * n / (n + h)))
    return np.degrees(np.arctan2(y, x)), np.degrees(lat)


def rays(model, line, sample):
    """Position and viewing direction of the camera for every line and sample (pixel centres are whole numbers)."""
    up = ecef(*CENTRE, 0) / np.linalg.norm(ecef(*CENTRE, 0))
    east = np.cross([0, 0, 1], up) / np.linalg.norm(np.cross([0, 0, 1], up))
    north = np.cross(up, east)
    ahead = math.cos(math.radians(model['heading'])) * north + math.sin(math.radians(model['heading'])) * east
    right = np.cross(ahead, up)
    width, height = model['size']
    radius = np.linalg.norm(ecef(*CENTRE, 0)) + model['altitude']
    # Off to the side, so that the rolled camera looks at the centre; along the orbit one pixel a line.
    roll = math.radians(model['roll'])
    away = math.asin(math.sin(roll) * radius / (radius - model['altitude'])) - roll
    angle = (line - height / 2) * model['pixel'] / (radius - model['altitude'])
    base = up * math.cos(away) - right * math.sin(away)
    place = radius * (np.cos(angle)[..., None] * base + np.sin(angle)[..., None] * ahead)
    down = -place / np.linalg.norm(place, axis=-1, keepdims=True)
    side = np.broadcast_to(right, place.shape)
    side = side - np.sum(side * down, -1, keepdims=True) * down
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    look = roll + np.arctan((sample - width / 2) * model['pixel'] * math.cos(roll) ** 2 / model['altitude'])
    return place, np.cos(look)[..., None] * down + np.sin(look)[..., None] * side


def meet(place, look, h):
    """Where rays meet the ellipsoid with both axes longer by h (height above the ellipsoid follows from the point)."""
    t = np.zeros(h.shape)
    scale = np.array([1 / (A + h), 1 / (A + h), 1 / (A * (1 - F) + h)]).transpose()
    p, d = place * scale, look * scale
    a, b, c = np.sum(d * d, -1), np.sum(p * d, -1), np.sum(p * p, -1) - 1
    t = (-b - np.sqrt(b * b - a * c)) / a
    return place + t[..., None] * look


def terms(l, p, h):
    return np.stack([l ** 0, l, p, h, l * p, l * h, p * h, l * l, p * p, h * h, p * l * h, l ** 3, l * p * p, l * h * h, l * l * p,
                     p ** 3, p * h * h, l * l * h, p * p * h, h ** 3], -1)


def fit(model):
    width, height = model['size']
    line, sample, h = [g.ravel() for g in np.meshgrid(np.linspace(0, height - 1, 15), np.linspace(0, width - 1, 15), np.linspace(-100, 2600, 7))]
    lon, lat = geodetic(meet(*rays(model, line, sample), h))
    # The height of the point itself: the raised ellipsoid is not exactly at a constant height.
    def offset_scale(v):
        return float((v.min() + v.max()) / 2), float((v.max() - v.min()) / 2)
    keys = dict(LAT=lat, LONG=lon, HEIGHT=h)
    norm = {k: offset_scale(v) for k, v in keys.items()}
    norm = {k: (round(o, 6), round(s, 6)) for k, (o, s) in norm.items()}
    l, p, hh = [(keys[k] - norm[k][0]) / norm[k][1] for k in ('LONG', 'LAT', 'HEIGHT')]
    t = terms(l, p, hh)
    out = dict(LINE_OFF=height / 2, SAMP_OFF=width / 2, LAT_OFF=norm['LAT'][0], LONG_OFF=norm['LONG'][0], HEIGHT_OFF=norm['HEIGHT'][0],
               LINE_SCALE=height / 2, SAMP_SCALE=width / 2, LAT_SCALE=norm['LAT'][1], LONG_SCALE=norm['LONG'][1], HEIGHT_SCALE=norm['HEIGHT'][1])
    worst = 0
    for name, value in (('LINE', line), ('SAMP', sample)):
        y = (value - out[name + '_OFF']) / out[name + '_SCALE']
        m = np.concatenate([t, -y[:, None] * t[:, 1:]], 1)
        # A little damping keeps denominators near 1 where the data do not ask for more.
        damp = 1e-6
        c = np.linalg.solve(m.T @ m + damp ** 2 * np.eye(39), m.T @ y)
        num, den = c[:20], np.concatenate([[1.0], c[20:]])
        num, den = [[float('%.12e' % v) for v in w] for w in (num, den)]
        out[name + '_NUM_COEFF'], out[name + '_DEN_COEFF'] = num, den
        worst = max(worst, np.abs((t @ num) / (t @ den) - y).max() * out[name + '_SCALE'])
    print(model['name'], 'fitted to', worst, 'pixels', file=sys.stderr)
    return out


def height_of(col, row):
    """The DEM, in whole metres: hills of some kilometres, 300 to 1700 m."""
    return round(1000 + 500 * math.sin(col / 5) * math.cos(row / 6) + 200 * math.sin(row / 3))


def make_dem(path):
    d = gdal.GetDriverByName('GTiff').Create(path, DEM['width'], DEM['height'], 1, gdal.GDT_Float32)
    d.SetGeoTransform([DEM['origin'][0], DEM['pixel'], 0, DEM['origin'][1], 0, -DEM['pixel']])
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(DEM['epsg'])
    d.SetProjection(srs.ExportToWkt())
    d.GetRasterBand(1).WriteArray(np.array([[height_of(c, r) for c in range(DEM['width'])] for r in range(DEM['height'])], 'float32'))
    d = None


def transform(vrt, points, *options):
    text = '\n'.join('%.12f %.12f %.6f' % tuple(p) for p in points)
    done = subprocess.run(['gdaltransform', '-rpc', *options, vrt], input=text, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.strip().split('\n')]
    assert len(rows) == len(points), done.stderr
    return [[float(a), float(b)] for a, b, *_ in rows]


def main(out):
    folder = tempfile.mkdtemp()
    dem = os.path.join(folder, 'dem.tif')
    make_dem(dem)
    exact = ['-to', 'RPC_PIXEL_ERROR_THRESHOLD=0.0001', '-to', 'RPC_MAX_ITERATIONS=100']
    on_dem = ['-to', 'RPC_DEM=' + dem, '-to', 'RPC_HEIGHT=%s' % DEM['offset']]
    models = []
    for model in MODELS:
        rpc = fit(model)
        vrt = os.path.join(folder, 'model.vrt')
        width, height = model['size']
        items = ''.join('<MDI key="%s">%s</MDI>' % (k, v if not isinstance(v, list) else ' '.join('%.12e' % x for x in v)) for k, v in rpc.items())
        with open(vrt, 'w') as f:
            f.write('<VRTDataset rasterXSize="%d" rasterYSize="%d"><Metadata domain="RPC">%s</Metadata><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>' % (width, height, items))
        grid = [(c * width / 5, r * height / 5) for r in range(6) for c in range(6)]
        image = [(c, r, h) for h in (0.0, 1250.0, 2500.0) for c, r in grid]
        ground = [(round(lon, 7), round(lat, 7), h) for (lon, lat), (_, _, h) in zip(transform(vrt, image, *exact), image)]
        flat = [(c, r, 0) for c, r in grid]
        places = [(round(lon, 7), round(lat, 7), 0) for lon, lat in transform(vrt, flat, *exact, *on_dem)]
        models.append(dict(
            name=model['name'], size=model['size'], rpc=rpc,
            located=[[c, r, h, *place] for (c, r, h), place in zip(image, transform(vrt, image, *exact))],
            projected=[[*place, *at] for place, at in zip(ground, transform(vrt, ground, '-i'))],
            located_on_dem=[[c, r, *place] for (c, r, _), place in zip(flat, transform(vrt, flat, *exact, *on_dem))],
            projected_on_dem=[[lon, lat, *at] for (lon, lat, _), at in zip(places, transform(vrt, places, '-i', *on_dem))]))
    recipe = 'python3 test/helpers/gdal-rpc.py fixtures/golden/rpc.json: gdaltransform -rpc of ' + gdal.VersionInfo('--version')
    dem_says = dict(DEM, heights='round(1000 + 500 sin(col / 5) cos(row / 6) + 200 sin(row / 3)), col and row from 0')
    rows = lambda v: '[\n' + ',\n'.join('        ' + json.dumps(x) for x in v) + '\n      ]'
    parts = []
    for m in models:
        parts.append('    {\n      "name": %s,\n      "size": %s,\n      "rpc": %s,\n' % (json.dumps(m['name']), json.dumps(m['size']), json.dumps(m['rpc'])) +
                     ',\n'.join('      "%s": %s' % (k, rows(m[k])) for k in ('located', 'projected', 'located_on_dem', 'projected_on_dem')) + '\n    }')
    with open(out, 'w') as f:
        f.write('{\n  "recipe": %s,\n  "dem": %s,\n  "models": [\n%s\n  ]\n}\n' % (json.dumps(recipe), json.dumps(dem_says), ',\n'.join(parts)))


main(sys.argv[1])
