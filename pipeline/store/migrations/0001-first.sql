-- PostGIS is shared by all schemas of a database: it goes to public, not to whatever comes first in the search path.
CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

-- One acquisition as delivered. `document` is the whole Scene; the columns beside it are what is asked for.
CREATE TABLE IF NOT EXISTS scene (
  id text PRIMARY KEY,
  collection text NOT NULL,
  sensor text NOT NULL,
  datetime timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'registered' CHECK (status IN ('registered', 'processed', 'retired')),
  retire_reason text,
  clear_fraction double precision CHECK (clear_fraction BETWEEN 0 AND 1),
  view_zenith double precision,
  -- Kept at each publish, so that nobody has to count millions of rows to say how many there are.
  observation_count integer NOT NULL DEFAULT 0,
  simulated boolean NOT NULL,
  fingerprint text NOT NULL,
  document jsonb NOT NULL,
  geom geometry(Polygon, 4326) NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS scene_geom ON scene USING gist (geom);
CREATE INDEX IF NOT EXISTS scene_collection_datetime ON scene (collection, datetime);
CREATE INDEX IF NOT EXISTS scene_datetime ON scene (datetime);

-- One processing of one scene, as provenance; rows are kept when a later run replaces the results.
CREATE TABLE IF NOT EXISTS product_run (
  id text PRIMARY KEY,
  scene_id text NOT NULL REFERENCES scene,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  version text NOT NULL,
  backend text NOT NULL,
  parameters jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS product_run_scene ON product_run (scene_id);

-- One published COG; `path` is relative to the workspace.
CREATE TABLE IF NOT EXISTS asset (
  scene_id text NOT NULL REFERENCES scene,
  product text NOT NULL,
  run_id text NOT NULL REFERENCES product_run,
  path text NOT NULL,
  sha256 text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  epsg integer NOT NULL,
  bbox double precision[] NOT NULL CHECK (array_length(bbox, 1) = 4),
  PRIMARY KEY (scene_id, product)
);

-- Parcels (地块), stands (小班) and regions (行政区). `hash` is of the content as imported, to tell "unchanged".
CREATE TABLE IF NOT EXISTS place (
  id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('parcel', 'stand', 'region')),
  code text NOT NULL,
  name text NOT NULL,
  area_m2 double precision NOT NULL CHECK (area_m2 >= 0),
  region_code text,
  properties jsonb NOT NULL,
  source text NOT NULL,
  hash text NOT NULL,
  geom geometry(MultiPolygon, 4326) NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS place_geom ON place USING gist (geom);
CREATE INDEX IF NOT EXISTS place_kind_id ON place (kind, id);
CREATE INDEX IF NOT EXISTS place_region ON place (region_code);

CREATE TABLE IF NOT EXISTS place_season (
  place_id text NOT NULL REFERENCES place ON DELETE CASCADE,
  year integer NOT NULL CHECK (year BETWEEN 1900 AND 2200),
  crop text NOT NULL,
  sowing_date date,
  variety text,
  PRIMARY KEY (place_id, year)
);

-- One statistic of one product on one place on one date. A new product is new rows. Partitions, one a year in UTC, are
-- made when the first scene of the year is published.
CREATE TABLE IF NOT EXISTS observation (
  place_id text NOT NULL,
  product text NOT NULL,
  datetime timestamptz NOT NULL,
  statistic text NOT NULL,
  scene_id text NOT NULL,
  collection text NOT NULL,
  run_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('ok', 'insufficient')),
  value double precision,
  low double precision,
  high double precision,
  pixel_count integer NOT NULL CHECK (pixel_count >= 0),
  clear_fraction double precision NOT NULL CHECK (clear_fraction BETWEEN 0 AND 1),
  CHECK ((status = 'ok') = (value IS NOT NULL)),
  PRIMARY KEY (place_id, product, datetime, statistic, scene_id)
) PARTITION BY RANGE (datetime);
CREATE INDEX IF NOT EXISTS observation_scene ON observation (scene_id, product, statistic);

-- The partition of a year; a function, so that its name is made here from a number and nowhere from text.
CREATE OR REPLACE FUNCTION make_observation_partition(year integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text := 'observation_' || year;
BEGIN
  IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN
    -- Attached, not created in place: that would shut out readers until the end of the transaction.
    EXECUTE format('CREATE TABLE %I (LIKE observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format(
      'ALTER TABLE observation ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      name, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'));
  END IF;
END
$$;

-- Polygons derived from rasters (pest zones and the like).
CREATE TABLE IF NOT EXISTS zone (
  id text PRIMARY KEY,
  product text NOT NULL,
  datetime timestamptz NOT NULL,
  scene_id text REFERENCES scene,
  run_id text REFERENCES product_run,
  code text NOT NULL,
  name text NOT NULL,
  severity integer,
  region_code text,
  area_m2 double precision NOT NULL CHECK (area_m2 >= 0),
  properties jsonb NOT NULL,
  geom geometry(MultiPolygon, 4326) NOT NULL
);
CREATE INDEX IF NOT EXISTS zone_geom ON zone USING gist (geom);
CREATE INDEX IF NOT EXISTS zone_datetime ON zone (datetime);
