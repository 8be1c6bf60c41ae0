-- Products of many dates are kept beside the scenes they are made of, as items of a collection of their own.
ALTER TABLE scene ADD COLUMN IF NOT EXISTS derived boolean NOT NULL DEFAULT false;
-- Why a value is what it is, or why there is none: {code, zh, en}. Null where the numbers say it all.
ALTER TABLE observation ADD COLUMN IF NOT EXISTS reason jsonb;
