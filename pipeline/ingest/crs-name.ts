/**
 * EPSG codes of coordinate systems by the names that programs write where they give no code: ESRI's
 * (`CGCS2000_3_Degree_GK_CM_126E`), EPSG's own (`CGCS2000 / 3-degree Gauss-Kruger CM 126E`), and either inside a citation
 * (`PCS Name = …`, `ESRI PE String = PROJCS["…",…]`).
 * Source: projinfo of PROJ 9.1.1, `-o WKT1:ESRI` and `-o WKT2:2019`.
 */

/** What the keys of a user-defined system say besides its name; null where they do not. */
export interface CrsParameters {
  readonly centralMeridian: number | null;
  readonly falseEasting: number | null;
  /** EPSG code of the unit; 9001 is the metre. */
  readonly linearUnit: number | null;
}

interface Named {
  readonly epsg: number;
  readonly centralMeridian: number | null;
  readonly falseEasting: number | null;
}

interface NameRow {
  /** Of the name in capitals without anything but letters and digits. */
  readonly pattern: RegExp;
  readonly of: (number: number, half: string) => Named | null;
}

const utm = (base: number, zones: number) => (zone: number) =>
  zone >= 1 && zone <= zones
    ? { epsg: base + zone, centralMeridian: 6 * zone - 183, falseEasting: 5e5 }
    : null;

const PROJECTED: readonly NameRow[] = [
  {
    pattern: /^CGCS20003DEGREE(?:GK|GAUSSKRUGER)CM(\d{2,3})E$/,
    of: (meridian) =>
      meridian % 3 === 0 && meridian >= 114 && meridian <= 135
        ? { epsg: 4509 + meridian / 3, centralMeridian: meridian, falseEasting: 5e5 }
        : null,
  },
  {
    pattern: /^CGCS20003DEGREE(?:GK|GAUSSKRUGER)ZONE(\d{2})$/,
    of: (zone) =>
      zone >= 38 && zone <= 45
        ? { epsg: 4488 + zone, centralMeridian: 3 * zone, falseEasting: zone * 1e6 + 5e5 }
        : null,
  },
  {
    pattern: /^WGS(?:19)?84UTMZONE(\d{1,2})([NS])$/,
    of: (zone, half) => utm(half === 'N' ? 32_600 : 32_700, 60)(zone),
  },
  { pattern: /^NAD(?:19)?83UTMZONE(\d{1,2})N$/, of: utm(26_900, 23) },
  {
    pattern: /^WGS(?:19)?84(?:WEBMERCATOR(?:AUXILIARYSPHERE)?|PSEUDOMERCATOR)$/,
    of: () => ({ epsg: 3857, centralMeridian: 0, falseEasting: 0 }),
  },
];

const GEOGRAPHIC: readonly NameRow[] = [
  {
    pattern: /^(?:CGCS2000|(?:GCS)?CHINAGEODETICCOORDINATESYSTEM2000)$/,
    of: () => ({ epsg: 4490, centralMeridian: null, falseEasting: null }),
  },
  {
    pattern: /^(?:GCS)?WGS(?:19)?84$/,
    of: () => ({ epsg: 4326, centralMeridian: null, falseEasting: null }),
  },
];

/**
 * The code a name stands for, or null: for names that are not in the tables, and for known ones that the parameters beside
 * them contradict. `epsgOfName('CGCS2000_3_Degree_GK_CM_126E', 'projected', NONE)` is 4551.
 */
export function epsgOfName(
  citation: string,
  kind: 'projected' | 'geographic',
  parameters: CrsParameters,
): number | null {
  const name = bareName(citation);
  for (const { pattern, of } of kind === 'projected' ? PROJECTED : GEOGRAPHIC) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const named = of(Number(match[1] ?? 0), match[2] ?? '');
    return named !== null && agrees(named, parameters, kind) ? named.epsg : null;
  }
  return null;
}

const METRE = 9001;

function agrees(
  named: Named,
  { centralMeridian, falseEasting, linearUnit }: CrsParameters,
  kind: string,
): boolean {
  const isSame = (stated: number | null, known: number | null) =>
    stated === null || known === null || Math.abs(stated - known) <= 1e-6;
  const inMetres = kind === 'geographic' || linearUnit === null || linearUnit === METRE;
  return (
    inMetres && isSame(centralMeridian, named.centralMeridian) && isSame(falseEasting, named.falseEasting)
  );
}

/** The name inside a citation, in capitals, letters and digits only. */
function bareName(citation: string): string {
  const inside =
    /(?:PROJCS|GEOGCS|PROJCRS|GEOGCRS)\s*\[\s*"([^"]*)"/.exec(citation)?.[1] ??
    /(?:PCS Name|GCS Name|Projection Name)\s*=\s*([^|\n]*)/.exec(citation)?.[1] ??
    citation;
  return inside.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

/** Longer ones are no description of a coordinate system; patterns over them must stay cheap. */
const LONGEST_WKT = 20_000;

/**
 * The EPSG code of a coordinate system in well-known text: that of its root (the last one it names), else the one its name
 * stands for; null when it has none. `epsgOfWkt('PROJCS["x",…,AUTHORITY["EPSG","32612"]]')` is 32612.
 * Source: OGC 12-063r5, 7.3.4; OGC 01-009.
 */
export function epsgOfWkt(wkt: string): number | null {
  const text = wkt.trim();
  if (text.length > LONGEST_WKT) return null;
  const root = /^(PROJCS|PROJCRS|GEOGCS|GEOGCRS|GEODCRS)\s*\[/i.exec(text)?.[1]?.toUpperCase();
  if (root === undefined) return null;
  const code = /(?:AUTHORITY|ID)\[\s*"EPSG"\s*,\s*"?(\d{4,5})"?\s*\]\s*\]$/.exec(text)?.[1];
  if (code !== undefined) return Number(code);
  const none = { centralMeridian: null, falseEasting: null, linearUnit: null };
  return epsgOfName(text, root.startsWith('PROJ') ? 'projected' : 'geographic', none);
}

/** The name of a coordinate system in well-known text. `nameOfWkt('PROJCS["x",…]')` is `x`. */
export function nameOfWkt(wkt: string): string | null {
  return /^\s*[A-Z_]+\s*\[\s*"([^"]{1,200})"/i.exec(wkt)?.[1] ?? null;
}
