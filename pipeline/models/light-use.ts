import type { LightUse } from './crops.ts';
import { PAR_SHARE, sunOf } from './radiation.ts';
import type { FilledWeather } from './weather.ts';

/**
 * Share of light that leaves absorb, from NDVI: 1.257·NDVI − 0.161 within 0 to 0.95, the default for crops.
 * `fparLinear(0.7)` is 0.7189. Source: WaPOR methodology (FAO), b-WaPOR.
 */
export function fparLinear(ndvi: number): number {
  return clamp(1.257 * ndvi - 0.161, 0, 0.95);
}

/** The same after EC-LUE: 1.24·NDVI − 0.168 (Sims 2006; Yuan 2007). `fparEcLue(0.5)` is 0.452. */
export function fparEcLue(ndvi: number): number {
  return clamp(1.24 * ndvi - 0.168, 0, 0.95);
}

/**
 * The same after CASA: mean of a form in the simple ratio and its twin in NDVI, between a crop's low and high NDVI as seen
 * by the same sensor. `fparCasa(0.7, 0.05, 0.9)` is {ratio: 0.2429, ndvi: 0.7267, mean: 0.4848}.
 * Source: Potter 1993; Los 1994; Zhu 2007.
 */
export function fparCasa(
  ndvi: number,
  low: number,
  high: number,
): { ratio: number; ndvi: number; mean: number } {
  const sr = (value: number) => (1 + value) / (1 - value);
  const scaled = (share: number) => clamp(share * 0.949 + 0.001, 0.001, 0.95);
  const ratio = scaled((sr(ndvi) - sr(low)) / (sr(high) - sr(low)));
  const twin = scaled((ndvi - low) / (high - low));
  return { ratio, ndvi: twin, mean: (ratio + twin) / 2 };
}

/**
 * CASA's two temperature factors of a month or ten days at `mean` °C. `casaTemperature(20, 25)` is
 * {first: 0.9875, second: 0.8542}. Source: Potter 1993, eq. 6 to 9; both 0 at −10 °C and below.
 */
export function casaTemperature(mean: number, best: number): { first: number; second: number } {
  if (mean <= -10) return { first: 0, second: 0 };
  const first = 0.8 + 0.02 * best - 0.0005 * best * best;
  const second =
    1.1814 / ((1 + Math.exp(0.2 * (best - 10 - mean))) * (1 + Math.exp(0.3 * (-best - 10 + mean))));
  return { first, second };
}

/** The temperature factor of VPM and TEM: 0 outside the range, 1 at the best. Maize at 20 °C: 0.81395. Xiao 2004. */
export function vpmTemperature(mean: number, { min, best, max }: LightUse['temperature']): number {
  if (mean <= min || mean >= max) return 0;
  const product = (mean - min) * (mean - max);
  return product / (product - (mean - best) ** 2);
}

/** VPM's water factor from LSWI, for sensors with shortwave infrared. `vpmWater(0.2, 0.4)` is 0.857143. Xiao 2004. */
export function vpmWater(lswi: number, highest: number): number {
  return (1 + lswi) / (1 + highest);
}

/**
 * Grain from a season's net production in g C m-2: kg/ha at storage moisture. Maize of 800 g C gives 8785.53.
 * `seedCost` (oil and protein) is applied where the caller asks for it.
 */
export function grainOf(
  production: number,
  { carbon, aboveGround, harvestIndex }: Pick<LightUse, 'carbon' | 'aboveGround' | 'harvestIndex'>,
  moisture: number,
): number {
  return ((production / carbon) * aboveGround * harvestIndex * 10) / (1 - moisture);
}

/** Share of gross production that is left after respiration (Waring 1998). */
const CARBON_USE = 0.5;
/** Loss of harvest index per unit of water stress in the last third of the season (house). */
const STRESS_ON_HARVEST = 0.3;
/** Water a metre of soil of the region holds for roots, mm (house: loam, FAO-56 table 19). */
const TOTAL_WATER = 150;
/** Water a crop uses over reference evaporation, mid-season (FAO-56 table 12, rounded). */
const CROP_FACTOR = 1.1;

export interface LightUseYield {
  /** kg/ha at storage moisture, before any local factor. */
  readonly grain: number;
  /** MJ m-2 over the season. */
  readonly par: number;
  readonly absorbed: number;
  /** g C m-2. */
  readonly gross: number;
  readonly net: number;
  /** Means over the season weighted by absorbed light. */
  readonly temperatureFactor: number;
  readonly waterFactor: number;
}

/**
 * The light-use efficiency chain of one field and season, day by day: absorbed light × efficiency × temperature × water,
 * half of it respired, a share of the rest grain. `ndvi` is a value a day from `weather.first` on, as many as there is
 * weather; water is a single bucket after FAO-56 (Ks), or no limit for flooded fields. Factors are multiplied.
 */
export function lightUseYield(
  ndvi: ArrayLike<number>,
  weather: FilledWeather,
  latitude: number,
  firstDoy: number,
  crop: LightUse,
  moisture: number,
): LightUseYield {
  const days = weather.temperature.length;
  const water = waterFactors(ndvi, weather, latitude, firstDoy, crop.depletion);
  let [par, absorbed, gross, warm, wet, late, lateWet] = [0, 0, 0, 0, 0, 0, 0];
  for (let day = 0; day < days; day++) {
    const light = PAR_SHARE * weather.radiation[day]!;
    const taken = fparLinear(ndvi[day]!) * light;
    const temperature = vpmTemperature(weather.temperature[day]!, crop.temperature);
    par += light;
    absorbed += taken;
    warm += taken * temperature;
    wet += taken * water[day]!;
    gross += taken * crop.efficiency * temperature * water[day]!;
    if (day >= (2 * days) / 3) {
      late += taken;
      lateWet += taken * water[day]!;
    }
  }
  const net = CARBON_USE * gross;
  const stress = late === 0 ? 0 : 1 - lateWet / late;
  const harvestIndex = crop.harvestIndex * (1 - STRESS_ON_HARVEST * stress);
  return {
    grain: grainOf(net, { ...crop, harvestIndex }, moisture) * crop.seedCost,
    par,
    absorbed,
    gross,
    net,
    temperatureFactor: warm / absorbed,
    waterFactor: wet / absorbed,
  };
}

/** FAO-56 Ks of a bucket of soil that rain fills and the crop empties; 1 every day where depletion is null. */
function waterFactors(
  ndvi: ArrayLike<number>,
  weather: FilledWeather,
  latitude: number,
  firstDoy: number,
  depletion: number | null,
): Float64Array {
  const days = weather.temperature.length;
  const factors = new Float64Array(days).fill(1);
  if (depletion === null) return factors;
  // Half full at the start: the snow of winter has gone, the rains of summer have not come.
  let missing = TOTAL_WATER / 2;
  for (let day = 0; day < days; day++) {
    const [tmax, tmin] = [weather.tmax[day]!, weather.tmin[day]!];
    // Hargreaves (FAO-56 eq. 52); 0.408 turns MJ m-2 into mm.
    const { ra } = sunOf(latitude, firstDoy + day);
    const reference =
      0.0023 *
      0.408 *
      ra *
      Math.sqrt(Math.max(0, tmax - tmin)) *
      Math.max(0, weather.temperature[day]! + 17.8);
    const ks = clamp((TOTAL_WATER - missing) / ((1 - depletion) * TOTAL_WATER), 0, 1);
    const cover = 0.3 + 0.7 * fparLinear(ndvi[day]!);
    missing = clamp(missing + ks * CROP_FACTOR * cover * reference - weather.rain[day]!, 0, TOTAL_WATER);
    factors[day] = ks;
  }
  return factors;
}

/** A value a day from `first` on out of dated ones, by straight lines; the outermost reach on. */
export function daily(
  days: readonly number[],
  values: readonly number[],
  first: number,
  count: number,
): Float64Array {
  const order = days.map((_, i) => i).sort((a, b) => days[a]! - days[b]!);
  const [d, v] = [order.map((i) => days[i]!), order.map((i) => values[i]!)];
  let next = 0;
  return Float64Array.from({ length: count }, (_, i) => {
    const day = first + i;
    while (next < d.length && d[next]! < day) next++;
    if (next === 0) return v[0]!;
    if (next === d.length) return v[d.length - 1]!;
    const share = (day - d[next - 1]!) / (d[next]! - d[next - 1]!);
    return v[next - 1]! + share * (v[next]! - v[next - 1]!);
  });
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
