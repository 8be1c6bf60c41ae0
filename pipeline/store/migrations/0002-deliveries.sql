-- What the door said of everything that was brought to it. One row a delivery and verdict: the same one brought again
-- with the same outcome only moves `checked_at`.
CREATE TABLE IF NOT EXISTS delivery (
  id text PRIMARY KEY,
  -- The image it is called by, and the folder it was in, for the log; only the name goes out of this machine.
  name text NOT NULL,
  folder text NOT NULL,
  kind text,
  verdict text NOT NULL CHECK (verdict IN ('accepted', 'duplicate', 'quarantined')),
  scene_id text,
  findings jsonb NOT NULL,
  files jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  checked_at timestamptz NOT NULL CHECK (checked_at >= received_at),
  times integer NOT NULL DEFAULT 1 CHECK (times > 0)
);
CREATE INDEX IF NOT EXISTS delivery_received ON delivery (received_at, id);
CREATE INDEX IF NOT EXISTS delivery_scene ON delivery (scene_id);

-- Scenes stored before bands could lie on grids of their own, and before processing runs were told apart.
UPDATE scene SET document =
  jsonb_build_object(
    'run', substring(document->'files'->0->>'name' FROM '^[A-Z0-9]+_[A-Z0-9]+_\d{14}_\d{9}_\d{3}_\d{4}_(\d{3})_'),
    'atmosphere', NULL, 'elevation', NULL, 'classification', NULL)
  || document
  || jsonb_build_object('bands', (
    SELECT jsonb_agg(jsonb_build_object('grid', NULL, 'rpc', NULL) || band ORDER BY place)
    FROM jsonb_array_elements(document->'bands') WITH ORDINALITY AS given (band, place)))
WHERE NOT document ? 'run';
