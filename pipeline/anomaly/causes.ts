import type { Words } from './words.ts';

/** What is known of a patch when its causes are weighed. Shares 0–1; medians over the patch; null is unknown. */
export interface PatchFacts {
  readonly host: string;
  readonly kind: 'crop' | 'forest';
  /** Day of the year, 1 to 366. */
  readonly dayOfYear: number;
  readonly ndvi: number;
  readonly ndwi: number;
  readonly nir: number;
  /** Change of NDVI since the earlier look, of the patch and of its group. */
  readonly drop: number;
  readonly groupDrop: number;
  /** Change of NGRDI against the group. */
  readonly ngrdiDrop: number;
  /** Relative change of reflectance since the earlier look, less nothing: −0.05 is five per cent darker. */
  readonly change: {
    readonly blue: number | null;
    readonly green: number;
    readonly red: number;
    readonly nir: number;
  };
  /**
   * Share of pixels left when a rim of one pixel is taken off; 0 for what is at most two pixels wide, null where the field
   * is a strip itself and its width tells nothing.
   */
  readonly core: number | null;
  /** Length over width of the ellipse of the same second moments, of all that happened at once. */
  readonly elongation: number;
  /** Share of pixels within three pixels of another field or of the rim of the tile. */
  readonly edgeShare: number;
  /** Share of the field it lies in most that the patch covers. */
  readonly fieldShare: number;
  /** Share of pixels of other hosts right beside what happened at once that are suspect too; null where too few lie beside it. */
  readonly othersBeside: number | null;
  /** Share of pixels beside cloud, shadow or the rim of the image, or under haze. */
  readonly cloudShare: number;
  /** Probability that the crop map gives the host here. */
  readonly hostProbability: number | null;
  /** Dates it has been seen on, and its area over that of the first. */
  readonly sightings: number;
  readonly growth: number | null;
  /** Weather told from outside: rain in the five days before, hail or frost since the earlier look. */
  readonly weather: { readonly rain: boolean | null; readonly hailOrFrost: boolean | null };
}

/** `reject`: there is nothing on the ground. `explain`: there is, and it is no pest. `open`: the visit tells. */
export type Standing = 'reject' | 'explain' | 'open';

/** One thing that speaks for a cause where it holds, and against it where it does not. Null says nothing. */
interface Sign {
  readonly holds: (facts: PatchFacts) => boolean | null;
  /** Points for and points against, 0 for a sign that works one way only. */
  readonly for: number;
  readonly against: number;
  readonly words: Words;
}

interface CauseRow {
  /** Left out, it happens to both. */
  readonly kind?: 'crop' | 'forest';
  readonly title: Words;
  readonly standing: Standing;
  /** Points before anything is seen; reasons of earlier dismissals are added to it. */
  readonly prior: number;
  /** Whether the rule of METHODS 8.4 is met. */
  readonly rule: (facts: PatchFacts) => boolean;
  readonly signs: readonly Sign[];
}

/** Day of the year after which a bare field of a crop is harvest (METHODS 8.4). Other crops: none that is known. */
const HARVEST_AFTER: Readonly<Record<string, number>> = { maize: 255, rice: 250, soybean: 250 };

const isBare = ({ ndvi }: PatchFacts) => ndvi < 0.3;
const isSeasonOver = ({ host, dayOfYear }: PatchFacts) => dayOfYear > (HARVEST_AFTER[host] ?? 366);
/** A cut follows the edges of the field: almost all of it, at once. */
const hasFieldShape = ({ fieldShare }: PatchFacts) => fieldShare >= 0.7;
const fellFar = ({ drop }: PatchFacts) => drop < -0.35;
const isWet = ({ ndwi, nir }: PatchFacts) => ndwi > 0 || nir < 0.1;
const visiblesRose = ({ change }: PatchFacts) => change.green > 0.15 && change.red > 0.15;
const nirHeld = ({ change }: PatchFacts) => change.nir > -0.05;
const allRose = ({ change }: PatchFacts) =>
  (change.blue ?? 0) > 0.1 && change.green > 0.05 && change.red > 0.05 && change.nir > 0.02;
const isThin = ({ core }: PatchFacts) => (core === null ? null : core <= 0.1);
const fellTogether = ({ groupDrop }: PatchFacts) => groupDrop <= -0.08;
const crossesHosts = ({ othersBeside }: PatchFacts) => (othersBeside === null ? null : othersBeside >= 0.3);

/** Causes of a fall of vegetation, a row each: the rules of METHODS 8.4 and what else points to or away from them. */
export const CAUSES = {
  'cloud-edge': {
    title: { zh: '薄雾或云边', en: 'haze or cloud edge' },
    standing: 'reject',
    prior: 0,
    rule: (facts) => allRose(facts) || facts.cloudShare >= 0.5,
    signs: [
      sign(allRose, 3, 1, '各波段同时变亮', 'all bands are brighter, blue most'),
      sign(
        ({ cloudShare }) => cloudShare >= 0.3,
        2,
        1,
        '紧邻云、影或影像边缘',
        'beside cloud, shadow or the rim',
      ),
      sign(({ sightings }) => sightings === 1, 0, 2, '仅一期可见', 'seen on one date only'),
    ],
  },
  misregistration: {
    title: { zh: '影像错位', en: 'misregistration' },
    standing: 'reject',
    prior: 0,
    rule: (facts) => isThin(facts) === true && facts.edgeShare >= 0.7,
    signs: [
      sign(isThin, 2, 2, '宽度不超过两个像元', 'at most two pixels wide'),
      sign(({ edgeShare }) => edgeShare >= 0.7, 2, 1, '沿地块边界分布', 'along the edges of fields'),
    ],
  },
  senescence: {
    title: { zh: '正常成熟衰老', en: 'senescence' },
    standing: 'reject',
    prior: 0,
    rule: ({ drop, groupDrop }) => drop < 0 && groupDrop / drop >= 0.7,
    signs: [
      sign(
        ({ drop, groupDrop }) => drop < 0 && groupDrop / drop >= 0.7,
        3,
        2,
        '下降与同作物邻地一致',
        'falls as its neighbours of the same host do',
      ),
    ],
  },
  harvest: {
    title: { zh: '收获或砍伐', en: 'harvest or felling' },
    standing: 'explain',
    prior: 0,
    rule: (facts) => (isBare(facts) && isSeasonOver(facts)) || (fellFar(facts) && hasFieldShape(facts)),
    signs: [
      sign(isBare, 2, 2, '地表近裸露（NDVI < 0.3）', 'nearly bare, NDVI below 0.3'),
      sign(isSeasonOver, 2, 0, '已过该作物收获期', 'after the harvest of this crop begins'),
      sign(hasFieldShape, 2, 2, '形状与地块一致', 'has the shape of the field'),
      sign(fellFar, 1, 1, 'NDVI 骤降超过 0.35', 'NDVI fell by more than 0.35'),
    ],
  },
  flood: {
    title: { zh: '积水受淹', en: 'flood' },
    standing: 'explain',
    prior: -0.5,
    rule: isWet,
    signs: [
      sign(isWet, 4, 2, '水体信号（NDWI > 0 或近红外 < 0.10）', 'water: NDWI above 0 or NIR below 0.10'),
      sign(({ weather }) => weather.rain, 1, 1, '前五日有雨', 'rain in the five days before'),
    ],
  },
  lodging: {
    kind: 'crop',
    title: { zh: '倒伏', en: 'lodging' },
    standing: 'explain',
    prior: -0.5,
    rule: (facts) => nirHeld(facts) && visiblesRose(facts),
    signs: [
      sign(nirHeld, 2, 3, '近红外未降', 'near infrared held'),
      sign(visiblesRose, 2, 1, '绿光与红光升高超过 15%', 'green and red rose by more than 15 %'),
      sign(({ elongation }) => elongation >= 2.5, 0.5, 0, '呈条带状', 'elongated'),
    ],
  },
  'hail-frost': {
    title: { zh: '冰雹或霜冻', en: 'hail or frost' },
    standing: 'explain',
    prior: -0.5,
    rule: (facts) => facts.weather.hailOrFrost === true || crossesHosts(facts) === true,
    signs: [
      sign(({ weather }) => weather.hailOrFrost, 3, 1, '有冰雹或霜冻记录', 'hail or frost is on record'),
      sign(crossesHosts, 3, 1.5, '跨越不同作物', 'crosses from one host to another'),
      sign(fellTogether, 1, 0, '同格网同作物整体下降', 'the whole cell fell'),
      sign(({ elongation }) => elongation >= 3, 1, 0, '呈长条带', 'a long strip'),
      sign(({ growth }) => (growth === null ? null : growth < 1.2), 0.5, 1, '范围不扩大', 'does not grow'),
    ],
  },
  management: {
    kind: 'crop',
    title: { zh: '药害或缺肥等田间作业', en: 'herbicide, lack of nitrogen or other field work' },
    standing: 'open',
    prior: -1,
    rule: () => false,
    signs: [
      sign(
        ({ elongation, core }) => (core === null ? null : elongation >= 4 && core < 0.5),
        2,
        0.5,
        '呈机具作业条带',
        'stripes as of a sprayer',
      ),
      sign(({ growth }) => (growth === null ? null : growth < 1.2), 1, 1, '范围不扩大', 'does not grow'),
      sign(({ fieldShare }) => fieldShare >= 0.7, 1, 0, '整块地受影响', 'the whole field'),
    ],
  },
  'slow-growth': {
    title: { zh: '返青或生长偏慢', en: 'slower growth' },
    standing: 'explain',
    prior: 0,
    rule: ({ drop }) => drop > 0.1,
    signs: [
      sign(
        ({ drop }) => drop > 0.1,
        4,
        2,
        '自身未下降，只是升得比邻地少',
        'rose, and less than its neighbours did',
      ),
    ],
  },
  'wrong-host': {
    title: { zh: '作物图错误', en: 'another crop than the map says' },
    standing: 'open',
    prior: -1,
    rule: ({ hostProbability }) => hostProbability !== null && hostProbability < 0.8,
    signs: [
      sign(
        ({ hostProbability }) => (hostProbability === null ? null : hostProbability < 0.8),
        2.5,
        2,
        '作物识别概率低于 0.8',
        'the crop map is less than 0.8 sure',
      ),
      sign(hasFieldShape, 1, 0.5, '形状与地块一致', 'has the shape of the field'),
    ],
  },
  'pest-disease': {
    title: { zh: '病虫为害（种类不能由影像判定）', en: 'pest or disease, of a kind no image tells' },
    standing: 'open',
    prior: 0,
    rule: () => false,
    signs: [
      sign(
        (facts) => !hasFieldShape(facts) && isThin(facts) !== true,
        1.5,
        1,
        '为地块的一部分，不成细条',
        'a part of the field and no thin line',
      ),
      sign(
        (facts) => (crossesHosts(facts) === null ? null : !crossesHosts(facts)),
        1,
        2,
        '止于寄主边界',
        'stops where the host stops',
      ),
      sign(({ ngrdiDrop }) => ngrdiDrop <= -0.06, 1, 0.5, '绿红比明显下降', 'green against red fell clearly'),
      sign(({ sightings }) => sightings > 1, 1, 0, '多期持续可见', 'seen on more than one date'),
      sign(({ growth }) => (growth === null ? null : growth >= 1.2), 1, 0.5, '范围扩大', 'grows'),
    ],
  },
} as const satisfies Record<string, CauseRow>;

export type CauseId = keyof typeof CAUSES;

function sign(
  holds: (facts: PatchFacts) => boolean | null,
  points: number,
  against: number,
  zh: string,
  en: string,
): Sign {
  return { holds, for: points, against, words: { zh, en } };
}

/** A cause with what speaks for and against it. `points` rank; they are no probability (docs/zones.md). */
export interface RankedCause {
  readonly cause: CauseId;
  readonly title: Words;
  readonly standing: Standing;
  readonly points: number;
  /** The rule of METHODS 8.4 is met. */
  readonly isMet: boolean;
  readonly for: readonly Words[];
  readonly against: readonly Words[];
}

/**
 * Causes of a patch, likeliest first: those whose rule is met before the others, artefacts first, then by points. `priors` are points added
 * from the reasons of earlier dismissals.
 */
export function rankCauses(
  facts: PatchFacts,
  priors: Readonly<Partial<Record<CauseId, number>>> = {},
): RankedCause[] {
  const ids = Object.keys(CAUSES) as CauseId[]; // keys of a constant table
  const possible = ids.filter((cause) => (CAUSES[cause] as CauseRow).kind !== other(facts.kind)); // a row as its type says
  const ranked = possible.map((cause): RankedCause => {
    const own: CauseRow = CAUSES[cause];
    const told = own.signs.map((one) => ({ ...one, is: one.holds(facts) }));
    const speaks = told.filter(
      (one) => (one.is === true && one.for > 0) || (one.is === false && one.against > 0),
    );
    return {
      cause,
      title: own.title,
      standing: own.standing,
      points: speaks.reduce(
        (sum, one) => sum + (one.is === true ? one.for : -one.against),
        own.prior + (priors[cause] ?? 0),
      ),
      isMet: own.rule(facts),
      for: speaks.filter((one) => one.is === true).map(({ words }) => words),
      against: speaks.filter((one) => one.is === false).map(({ words }) => negated(words)),
    };
  });
  return ranked.sort((a, b) => rankOf(b) - rankOf(a) || b.points - a.points);
}

/** What is not on the ground at all goes before what is, and a rule that is met before points. */
function rankOf({ isMet, standing }: RankedCause): number {
  if (!isMet) return 0;
  return standing === 'reject' ? 2 : 1;
}

function other(kind: 'crop' | 'forest'): 'crop' | 'forest' {
  return kind === 'crop' ? 'forest' : 'crop';
}

function negated({ zh, en }: Words): Words {
  return { zh: `未见：${zh}`, en: `not so: ${en}` };
}

/** What follows from the causes: nothing there, something that is no pest, or a suspicion to be looked at. */
export function verdictOf(ranked: readonly RankedCause[]): 'rejected' | 'explained' | 'suspected' {
  const met = ranked.filter(({ isMet }) => isMet);
  if (met.some(({ standing }) => standing === 'reject')) return 'rejected';
  return met.some(({ standing }) => standing === 'explain') ? 'explained' : 'suspected';
}
