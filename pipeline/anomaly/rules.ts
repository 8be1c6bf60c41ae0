/**
 * Numbers of the anomaly engine (METHODS 8.2), kept with every result. What is written there is taken as written; `blend`,
 * `leastGroup`, `cloudReach`, `eventGap` and the second of `drops` are choices of this house and may be set otherwise in the next version.
 */
export const ANOMALY_RULE = {
  version: 'anomaly-2026.1',
  /** A look tells nothing of the days right before it: curves are fitted to what is this much older. */
  settleDays: 5,
  /** Edge of the cell within which places of a host are compared, km. */
  cellKm: 5,
  /** Clear pixels that a host must have in a cell to be compared. */
  leastGroup: 50,
  /** The pixel's own curve counts for half after a look five days ago and for nothing after thirty. */
  blend: { most: 0.5, from: 5, to: 30 },
  /** Least scale of residuals and of differences within a field. */
  spreadFloor: 0.02,
  fieldFloor: 0.015,
  /** Candidates: below either score … */
  z: -2,
  fieldZ: -2.5,
  /** … and down by both indices since a look so many days ago at most. */
  drops: [
    { days: 15, ndvi: -0.08, ngrdi: -0.03 },
    // Not in METHODS: damage that goes slowly, or whose first days lie under cloud, must be deeper to count.
    { days: 40, ndvi: -0.12, ngrdi: -0.05 },
  ],
  /** Getis and Ord's Gi* over a square of this many pixels to each side, and the share of false discoveries. */
  reach: 3,
  hot: -2.58,
  discoveryRate: 0.05,
  /** Least area, m²: 1.5 mu of a crop, 1 mu of forest. */
  leastArea: { crop: 1000, forest: 2000 / 3 },
  /** Holes smaller than this share of the patch belong to it. */
  holeShare: 0.2,
  /** Suspect places no further apart than this, m, whatever grows there, are one event: fields part at roads and ditches. */
  eventGap: 40,
  /** A patch is established when seen on so many of its last clear dates. */
  persistence: { seen: 2, of: 3 },
  /** A patch counts as looked at when so much of it is clear. */
  clearShare: 0.5,
  /** Pixels from a flagged one within which a patch counts as beside cloud. */
  cloudReach: 3,
  source: 'METHODS 8.2, steps 1 to 8',
} as const;
