"""Statistics of each parcel by PostGIS raster (pixel centres), in a cluster of its own that runs only while this does.

    postgis.py load FOLDER raster.tif parcels.geojson epsg    makes the cluster and its tables
    postgis.py query FOLDER out.csv                           prints {"wall", "cpu"} of the query; cpu with start and end
    postgis.py drop FOLDER
"""
import glob
import json
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
import time

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
# Two cores, and a cache in which all of the raster fits.
SETTINGS = ["shared_buffers=1GB", "work_mem=256MB", "maintenance_work_mem=256MB", "jit=off", "fsync=off", "max_wal_size=4GB",
            "max_parallel_workers_per_gather=2", "parallel_setup_cost=0", "parallel_tuple_cost=0",
            "min_parallel_table_scan_size=0", "listen_addresses=", "client_min_messages=warning"]
QUERY = """\\copy (SELECT p.id, (s.stats).mean * 0.0001 AS mean, (s.stats).stddev * 0.0001 AS stdev,
(s.stats).min * 0.0001 AS min, (s.stats).max * 0.0001 AS max FROM (SELECT p.id,
ST_SummaryStatsAgg(ST_Clip(r.rast, 1, p.geom, true), 1, true) AS stats FROM parcels p JOIN index r
ON ST_Intersects(r.rast, p.geom) GROUP BY p.id) s JOIN parcels p USING (id) WHERE (s.stats).count > 0)
TO STDOUT WITH (FORMAT csv, HEADER)""".replace("\n", " ")


def as_server(*command):
    """The server refuses to be root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


class Server:
    def __init__(self, data):
        self.data = data

    def __enter__(self):
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        self.process = subprocess.Popen(
            as_server(BIN + "/postgres", "-D", self.data, "-k", self.data, *options), cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if subprocess.call(self.psql("-c", "SELECT 1"), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
                return self
            time.sleep(0.05)
        raise SystemExit("the server does not answer")

    def __exit__(self, *_):
        subprocess.call(as_server(BIN + "/pg_ctl", "-D", self.data, "stop", "-m", "fast", "-s"), cwd="/")
        self.process.wait()

    def psql(self, *arguments):
        return as_server(BIN + "/psql", "-h", self.data, "-d", "postgres", "-qX", "-v", "ON_ERROR_STOP=1", *arguments)


def load(folder, raster, parcels, epsg):
    data = tempfile.mkdtemp(prefix="heitu-postgis-")
    with open(folder + "/postgis.txt", "w") as note:
        note.write(data)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(data, user.pw_uid, user.pw_gid)
    subprocess.check_call(as_server(BIN + "/initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C"), cwd="/",
                          stdout=subprocess.DEVNULL)
    shutil.copy(parcels, data + "/parcels.json")
    os.chmod(data + "/parcels.json", 0o644)
    with Server(data) as server:
        subprocess.check_call(server.psql("-c", "CREATE EXTENSION postgis", "-c", "CREATE EXTENSION postgis_raster"), cwd="/")
        rows = subprocess.Popen(["raster2pgsql", "-s", epsg, "-t", "128x128", "-I", "-C", "-M", "-Y", raster, "index"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        subprocess.check_call(server.psql(), cwd="/", stdin=rows.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.check_call(server.psql("-c", (
            "CREATE TABLE parcels AS SELECT f->'properties'->>'id' AS id,"
            f" ST_SetSRID(ST_GeomFromGeoJSON(f->'geometry'), {epsg}) AS geom FROM"
            f" jsonb_array_elements(pg_read_file('{data}/parcels.json')::jsonb->'features') f;"
            " CREATE INDEX ON parcels USING gist (geom); ALTER TABLE parcels ADD PRIMARY KEY (id);"), "-c", "VACUUM ANALYZE"),
            cwd="/")


def query(folder, out):
    with open(folder + "/postgis.txt") as note, Server(note.read()) as server, open(out, "w") as file:
        start = time.perf_counter()
        subprocess.check_call(server.psql("-c", QUERY), cwd="/", stdout=file)
        wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime}))


def drop(folder):
    with open(folder + "/postgis.txt") as note:
        shutil.rmtree(note.read())


{"load": load, "query": query, "drop": drop}[sys.argv[1]](*sys.argv[2:])
