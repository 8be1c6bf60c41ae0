import { HeituError } from '../core/error.ts';
import { BANDS, type BandCode } from '../sensors/bands.ts';

/** `B3(490)` or `B3(0.49 µm)` as number and nm; null for other texts. */
export function parseBandDescription(text: string): { readonly number: number; readonly nm: number } | null {
  const match = /^\s*B(\d{1,2})\s*[(（]\s*(\d{1,5}(?:\.\d{1,6})?)\s*(?:nm|um|µm)?\s*[)）]\s*$/i.exec(text);
  if (match === null) return null;
  const length = Number(match[2]);
  return { number: Number(match[1]), nm: length < 100 ? length * 1000 : length };
}

/** Codes that a band gets by its wavelength alone, where no row names it. */
const BY_WAVELENGTH: readonly BandCode[] = ['A', 'Y', 'RE1', 'RE2', 'RE3', 'N2', 'WV', 'CI', 'S1', 'S2'];

/**
 * Band codes by number: those of `fixed` as they are, others by their centre wavelength, each code once and to the band
 * nearest to the middle of its window. Bands without a wavelength stay unnamed. Throws E_META_INVALID when a fixed band's own
 * wavelength is not of its colour: then the numbers mean something else.
 */
export function bandsByWavelength(
  bands: readonly { readonly number: number; readonly nm: number | null }[],
  fixed: ReadonlyMap<BandCode, number>,
): ReadonlyMap<BandCode, number> {
  const named = new Map<BandCode, number>();
  for (const [code, number] of fixed) {
    const band = bands.find((one) => one.number === number);
    if (band === undefined) continue;
    if (band.nm !== null && !isWithin(code, band.nm)) {
      const what = `B${number} at ${band.nm} nm is not ${BANDS[code].title.en}`;
      throw new HeituError('E_META_INVALID', { where: `B${number}`, what });
    }
    named.set(code, number);
  }
  for (const code of BY_WAVELENGTH) {
    const taken = new Set(named.values());
    const middle = (BANDS[code].min + BANDS[code].max) / 2;
    const candidates = bands.filter(
      ({ number, nm }) => nm !== null && isWithin(code, nm) && !taken.has(number),
    );
    const [best] = candidates.sort((a, b) => Math.abs(a.nm! - middle) - Math.abs(b.nm! - middle));
    if (best !== undefined && !named.has(code)) named.set(code, best.number);
  }
  return named;
}

function isWithin(code: BandCode, nm: number): boolean {
  return nm >= BANDS[code].min && nm <= BANDS[code].max;
}
