/**
 * Every number of the masks in one place, METHODS 2.2 (CM4) and 2.3. Reflectance is 0 to 1, lengths are metres. What is
 * marked [H] is a house value; where it differs from METHODS the reason stands beside it. None is set per scene.
 */
export const MASK = {
  /** Edge of a cell of the coarse scene; coarser pixels are their own cells. */
  cell: 10,
  /**
   * Haze-optimised transform HOT = B − 0.5 R − 0.08 from which a cell may be haze, is the body of a cloud, is its core
   * [H]. METHODS has 0 for potential cloud and 0.07 for the core, on TOA. A cloud that hides a quarter of land like maize
   * has HOT 0.01 without air, and the air below adds 0.02 to 0.04 at TOA: below the body a pixel is haze. The core of a
   * surface product is lower by the same air: with 0.07 broken cloud on 64 m pixels (CBERS-4) has hardly a core.
   */
  hot: {
    toa: { haze: 0.01, body: 0.03, core: 0.07 },
    boa: { haze: 0, body: 0.01, core: 0.03 },
  },
  /** Potential cloud besides HOT: Fmask's whiteness (Zhu & Woodcock 2012, doi 10.1016/j.rse.2011.10.028), no vegetation, not dark [H]. */
  possible: { whiteness: 0.7, ndvi: 0.7, meanVisible: 0.12 },
  /** The core besides HOT: white and bright [H]. */
  core: { whiteness: 0.25, blue: 0.22 },
  /** A cloud takes in what may be haze within this distance (hysteresis growth), and 30 m around it are not used either [H]. */
  reach: 60,
  buffer: 30,
  /**
   * Bright ground [H]. Components below 0.5 ha, or 0.1 ha where they were darker before; or on average no wider than 25 m with edges that step by 0.08 in blue from
   * one cell to the next (roads, roofs: METHODS' shape index above 10 also meets ragged cloud, which is wide, so width is
   * measured instead); or present in the same place (Jaccard above 0.6) on two of the last three dates.
   */
  ground: { hectares: 0.5, risenHectares: 0.1, width: 25, step: 0.08, jaccard: 0.6, dates: 2, of: 3 },
  /** Haze is even: where a square of this many metres does not fit, it is a roof or a road [H]. */
  hazeWidth: 50,
  /**
   * Temporal test: blue above the median of the last three clear looks by 0.03 (1 + ΔD/30), and red not above by more than
   * 1.5 times that (MTCD, Hagolle et al. 2010, doi 10.1016/j.rse.2010.03.002). Half the rise is haze [H].
   */
  temporal: { rise: 0.03, days: 30, red: 1.5, haze: 0.5, looks: 3 },
  /**
   * A rise that is the same everywhere is air, not cloud: when the median rise over vegetation is between these limits and
   * no more than `spread` above its lower decile, it is taken off and the scene is flagged HAZE (METHODS 2.2, step 4) [H].
   */
  air: { from: 0.02, to: 0.06, spread: 0.015, ndvi: 0.5, cells: 400 },
  /** Water: NDWI above 0 and dark in the near infrared, in 60 % of the clear looks [H]. */
  water: { nir: 0.15, share: 0.6 },
  /**
   * Shadow candidates: near infrared below 0.6 of the local clear median, red not above its own (bare ground is darker than
   * crops in the near infrared and brighter in red; a shadow is darker in both) [H]. Against an earlier clear look: near
   * infrared below 0.7 and green + red below 0.9 of it (harvest brightens red, flooding brightens green) [H].
   * `deepRed`: what red must be below where no cloud is seen that casts the shadow; flooded rice is not [H].
   */
  dark: { nir: 0.6, red: 1, deepRed: 0.6, nirThen: 0.7, visibleThen: 0.9, days: 60 },
  /** The local median: blocks of 200 m, 5 × 5 of them are the 1 km window; below `cells` clear cells the scene's counts. */
  median: { block: 200, reach: 2, cells: 50, bins: 128, step: 0.005 },
  /** Cloud heights tried, and the overlap with candidates that makes a match; a sun below `elevation` degrees casts no usable shadow. */
  height: { from: 200, to: 8000, step: 100, fine: 20 },
  match: { overlap: 0.3, seen: 0.1, cells: 8, samples: 512, elevation: 8 },
  /** A component keeps a height of its own only where it overlaps better than the scene's by this much [H]. */
  ownHeight: 0.1,
  /** A stated view direction gives way to its opposite, or to none, only for so much better a match [H]. */
  viewDoubt: 1.05,
  /** Snow in Jilin: from 1 November to 10 April; bright, white, bare; bright on so many earlier dates is snow [H]. */
  snow: {
    from: { month: 11, day: 1 },
    to: { month: 4, day: 10 },
    meanVisible: 0.35,
    whiteness: 0.15,
    ndvi: 0.15,
    dates: 2,
  },
} as const;

/** Metres as whole cells, at least one. */
export function cellsIn(metres: number, cellSize: number): number {
  return Math.max(1, Math.round(metres / cellSize));
}
