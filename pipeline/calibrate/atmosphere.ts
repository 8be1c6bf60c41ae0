import type { Atmosphere, Scene } from '../core/scene.ts';
import { expint3 } from './special.ts';

/*
 * ATM-A (METHODS 1.2): an analytic model with the structure of 6S. Rayleigh reflectance is the `chand` polynomial of 6S and
 * LaSRC (Vermote and Tanre 1992, doi 10.1016/0022-4073(92)90115-L); gas and aerosol constants were fitted to SMAC's
 * continental aerosol.
 */

/** Where the sun and the satellite stand, seen from the ground; degrees. */
export interface Sight {
  readonly sunZenith: number;
  readonly viewZenith: number;
  /** Between the azimuths of sun and satellite, 0 to 180; 0 is the satellite in front of the sun (backscatter). */
  readonly azimuthDifference: number;
}

/** What the air does to one band: shares of 1. */
export interface Air {
  /** Reflectance of the air itself, Rayleigh and aerosol. */
  readonly path: number;
  /** Transmittance down to the ground and up again, scattering only. */
  readonly transmittance: number;
  /** Share of the ground's light that the air sends back down. */
  readonly albedo: number;
  /** Transmittance of ozone, water vapour and the other gases, both ways. */
  readonly gas: number;
}

/** METHODS eq. 1.4 as constants: `y = a · ρTOA − b`, `ρBOA = y / (1 + s · y)`. */
export interface AtmosphereConstants {
  readonly a: number;
  readonly b: number;
  readonly s: number;
}

/** The eight fitted constants of the aerosol: effective numbers, not those of particles. */
const AEROSOL = {
  angstrom: 1.134,
  singleScattering: 0.8,
  forward: 0.665,
  backward: -0.279,
  forwardShare: 0.932,
  multiple: 0.652,
  forwardScattered: 0.917,
  albedo: 0.213,
} as const;

interface GasRow {
  /** Centre for which the row was fitted, nm. */
  readonly centre: number;
  /** Ozone: exp(−k · cm-atm · m). */
  readonly ozone: number;
  /** Water vapour: exp(−k · (g cm-2 · m)^n). */
  readonly water: readonly [k: number, n: number];
  /** Oxygen and the rest: exp(−k · m^n). */
  readonly other: readonly [k: number, n: number];
}

/**
 * Gas absorption by ASI band code. A band without a row takes that of the nearest centre (see `gasRow`); scattering is
 * always computed for the band's own wavelength.
 */
export const GAS_ROWS = {
  B: { centre: 478, ozone: 0.01584, water: [0, 1], other: [0, 1] },
  G: { centre: 546, ozone: 0.0823, water: [0.000497, 0.904], other: [0, 1] },
  R: { centre: 659, ozone: 0.05767, water: [0.002849, 0.805], other: [0.007079, 0.48] },
  N: { centre: 831, ozone: 0, water: [0.02429, 0.588], other: [0.00117, 0.442] },
} as const satisfies Record<string, GasRow>;

/** Column water vapour (g cm-2) and ozone (cm-atm) where nobody states them: the growing season of the middle latitudes. */
export const USUAL_GASES = { water: 2, ozone: 0.33 } as const;

/** Height where nobody states it: the Songnen plain, m. 200 m change blue path reflectance by 0.002. */
export const USUAL_ELEVATION = 200;

/** What a band is to the air. */
export interface AirBand {
  /** ASI code. */
  readonly name: string;
  /** nm. */
  readonly centre: number;
}

/**
 * What the air does to a band (METHODS 1.2): `airOf({name: 'B', centre: 478}, {sunZenith: 30, viewZenith: 0,
 * azimuthDifference: 50}, {aot550: 0.1, water: 2, ozone: 0.33}, 200)` has path 0.072945, transmittance 0.785643,
 * albedo 0.155482 and gas 0.988800. `elevation` in m above sea level.
 */
export function airOf(band: AirBand, sight: Sight, air: Atmosphere, elevation: number): Air {
  const micrometres = band.centre / 1000;
  const sun = cosine(sight.sunZenith);
  const view = cosine(sight.viewZenith);
  const mass = 1 / sun + 1 / view;
  const rayleigh = rayleighThickness(micrometres, pressureAt(elevation));
  const aerosol = air.aot550 * (micrometres / 0.55) ** -AEROSOL.angstrom;
  const scattering = -(
    sun * view +
    Math.sqrt(1 - sun * sun) * Math.sqrt(1 - view * view) * cosine(sight.azimuthDifference)
  );
  const phase =
    AEROSOL.forwardShare * henyeyGreenstein(scattering, AEROSOL.forward) +
    (1 - AEROSOL.forwardShare) * henyeyGreenstein(scattering, AEROSOL.backward);
  const aerosolPath =
    ((AEROSOL.singleScattering * phase) / (4 * (sun + view))) *
    (1 - Math.exp(-aerosol * mass)) *
    (1 + AEROSOL.multiple * aerosol * mass);
  const lost = 1 - AEROSOL.singleScattering * AEROSOL.forwardScattered;
  const gas = gasRow(band);
  return {
    path: rayleighReflectance(sight.azimuthDifference, view, sun, rayleigh) + aerosolPath,
    transmittance:
      rayleighTransmittance(sun, rayleigh) *
      rayleighTransmittance(view, rayleigh) *
      Math.exp(-lost * aerosol * mass),
    albedo: rayleighAlbedo(rayleigh) + AEROSOL.albedo * aerosol,
    gas: Math.exp(
      -gas.ozone * air.ozone * mass -
        gas.water[0] * (air.water * mass) ** gas.water[1] -
        gas.other[0] * mass ** gas.other[1],
    ),
  };
}

/** The constants of eq. 1.4 for a band; one fused multiply and one division a number are left to do. */
export function atmosphereConstants(
  band: AirBand,
  sight: Sight,
  air: Atmosphere,
  elevation: number,
): AtmosphereConstants {
  const { path, transmittance, albedo, gas } = airOf(band, sight, air, elevation);
  return { a: 1 / (gas * transmittance), b: path / transmittance, s: albedo };
}

/** Azimuth difference where an azimuth is not stated: half way between backward and forward scattering. */
const UNKNOWN_AZIMUTH = 90;

/**
 * Sun and satellite of a scene. An unknown view zenith is nadir; an unknown azimuth of either is taken as 90° apart (with the
 * sun at 40° and the view at 30° blue is off by 0.024 at the very most). Vendor azimuths are from the ground, clockwise from
 * north. Null when the sun's elevation is not stated or it stands below the horizon.
 */
export function sightOf(
  scene: Pick<Scene, 'sunElevation' | 'sunAzimuth' | 'viewZenith' | 'viewAzimuth'>,
): Sight | null {
  const { sunElevation, sunAzimuth, viewZenith, viewAzimuth } = scene;
  if (sunElevation === null || sunElevation <= 0) return null;
  const turn =
    sunAzimuth === null || viewAzimuth === null
      ? UNKNOWN_AZIMUTH
      : Math.abs(((((sunAzimuth - viewAzimuth) % 360) + 540) % 360) - 180);
  return { sunZenith: 90 - sunElevation, viewZenith: viewZenith ?? 0, azimuthDifference: turn };
}

/** Air pressure at a height in m, hPa (METHODS 1.2). `pressureAt(200)` is 989.2111. */
export function pressureAt(elevation: number): number {
  return 1013.25 * (1 - (0.0065 * elevation) / 288.15) ** 5.31;
}

/** Rayleigh optical thickness at a wavelength in µm (Hansen and Travis 1974, doi 10.1007/BF00168069). */
export function rayleighThickness(micrometres: number, pressure: number): number {
  const inverse = micrometres ** -2;
  const bracket = 1 + 0.0113 * inverse + 0.00013 * inverse * inverse;
  return (0.008569 * inverse * inverse * bracket * pressure) / 1013.25;
}

/** Depolarisation factor of air, as the polynomial was fitted with. */
const DEPOLARISED = 0.958725775;
/** Fourier term 0: five powers of the angles, each with a constant and a factor of ln τ. Terms 1 and 2 need none of them. */
const TERM_0 = [
  [0.33243832, -6.777104e-2],
  [0.1628537, 1.577425e-3],
  [-0.30924818, -1.240906e-2],
  [-0.10324388, 3.241678e-2],
  [0.11493334, -3.503695e-2],
] as const;
const TERM_1 = [0.19666292, -5.439061e-2] as const;
const TERM_2 = [0.14545937, -2.910845e-2] as const;

/**
 * Reflectance of a Rayleigh atmosphere of optical thickness `tau` over black ground (6S `chand`); cosines of view and sun
 * zenith. `rayleighReflectance(0, 1, cos 30°, 0.1727)` is 0.06726712.
 */
export function rayleighReflectance(
  azimuthDifference: number,
  view: number,
  sun: number,
  tau: number,
): number {
  const forward = 180 - azimuthDifference;
  const sines = (1 - sun * sun) * (1 - view * view);
  const phases = [
    1 + ((3 * sun * sun - 1) * (3 * view * view - 1) * DEPOLARISED) / 8,
    -sun * view * Math.sqrt(sines) * DEPOLARISED * 0.75,
    sines * DEPOLARISED * 0.1875,
  ] as const;
  const single = ((1 - Math.exp(-tau * (1 / sun + 1 / view))) * sun) / (4 * (sun + view));
  const double = (1 - Math.exp(-tau / sun)) * (1 - Math.exp(-tau / view));
  const log = Math.log(tau);
  const powers = [1, sun + view, sun * view, sun * sun + view * view, sun * sun * view * view];
  const more = [
    TERM_0.reduce((sum, [constant, slope], i) => sum + powers[i]! * (constant + log * slope), 0),
    TERM_1[0] + log * TERM_1[1],
    TERM_2[0] + log * TERM_2[1],
  ];
  const terms = phases.map((phase, i) => phase * (single + double * more[i]! * sun));
  return (terms[0]! + 2 * terms[1]! * cosine(forward) + 2 * terms[2]! * cosine(2 * forward)) / sun;
}

function rayleighTransmittance(mu: number, tau: number): number {
  return (2 / 3 + mu + (2 / 3 - mu) * Math.exp(-tau / mu)) / (4 / 3 + tau);
}

/** Spherical albedo of a Rayleigh atmosphere (6S `csalbr`). */
function rayleighAlbedo(tau: number): number {
  return (3 * tau - expint3(tau) * (4 + 2 * tau) + 2 * Math.exp(-tau)) / (4 + 3 * tau);
}

function henyeyGreenstein(cos: number, g: number): number {
  return (1 - g * g) / (1 + g * g - 2 * g * cos) ** 1.5;
}

/** A band's own row of gases, else that of the nearest centre wavelength. */
export function gasRow({ name, centre }: AirBand): GasRow {
  const rows: Readonly<Record<string, GasRow>> = GAS_ROWS;
  const own = rows[name];
  if (own !== undefined) return own;
  const far = (row: GasRow) => Math.abs(row.centre - centre);
  return Object.values(rows).reduce((best, row) => (far(row) < far(best) ? row : best));
}

function cosine(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180);
}
