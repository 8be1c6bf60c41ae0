import { isGpRelease, readDescribed, readGpRelease } from './described.ts';
import { findGaofen, readGaofen } from './gaofen.ts';
import type { RasterInfo } from './geotiff.ts';
import { findAlone, findGp, findPms, readGp, readPms, readPsh } from './jilin.ts';
import { findLandsat, readLandsat } from './landsat.ts';
import { findSentinel, readSentinel } from './sentinel.ts';
import type { Bag, Group, Listing, Told } from './told.ts';

/** One kind of delivery: how it is recognised, what must be in it, who reads it, and what is made of it. */
export interface DeliveryKind {
  readonly title: { readonly zh: string; readonly en: string };
  /** In words, for docs/deliveries.md. */
  readonly recognised: string;
  readonly needs: string;
  readonly reads: string;
  readonly refuses: string;
  /** What no public source tells; a real delivery will. */
  readonly waits: string;
  /** Deliveries of this kind in a folder, out of the names that are free; null where names do not tell. */
  readonly find: ((listing: Listing, free: ReadonlySet<string>) => Group[]) | null;
  /** Recognises an image by its own tags, where nothing else speaks for it. */
  readonly tells: ((info: RasterInfo) => boolean) | null;
  /** True where a file must explain the image. */
  readonly explained: boolean;
  /** Null for images that are kept with their checksums and nothing more. */
  readonly read: ((bag: Bag) => Promise<Told>) | null;
  /** Raw images may come with a camera model instead of a georeference. */
  readonly rpc: boolean;
}

/** Every kind, in the order in which a folder is asked for them. */
export const KINDS = {
  'jl1-pms': {
    title: { zh: '吉林一号多光谱（PMS、L1C）', en: 'Jilin-1 multispectral (PMS, L1C)' },
    recognised:
      'name by the Jilin-1 grammar with `_MSS` or no product; both folder layouts, beside `_PAN` and `_PSH` or alone',
    needs: 'the image, its `_meta.xml`; `_rpc.txt` or `.rpb` when the image has no georeference',
    reads:
      'satellite, times (Beijing), gains and biases, DataBits, sun and view angles, corners, pixel, order of bands, stated air',
    refuses:
      'no red or no near infrared (GF03C, video, JL101A); 8-bit or stretched; gains missing, of another number than the bands, zero or beyond reason; times, satellite or corners that contradict; no camera model for a raw image',
    waits:
      'syntax of `_rpc.txt` and its pixel centre; unit of the gains; band limits; whether L1 tags nodata or a place; whether SolarElevation is written',
    find: findPms,
    tells: null,
    explained: true,
    read: readPms,
    rpc: true,
  },
  'jl1-gp': {
    title: { zh: '吉林一号光谱星 GP01/GP02', en: 'Jilin-1 GP01/GP02' },
    recognised: 'name by the Jilin-1 grammar with `_B0` … `_B19`',
    needs:
      'B5 and B6 at least, one image a band, one `_meta.xml`, one camera model a band when they have no georeference',
    reads:
      'B3 to B6 as blue, green, red, near infrared; others by the wavelength in their description; the gain of B<n> from place n of 20',
    refuses:
      'as above; a list of coefficients that has not 20 numbers; a band that calls itself another; a fixed band whose wavelength is of another colour; bands taken more than ten minutes apart',
    waits:
      "wavelengths of the 20 bands; names of the infrared cameras' files; which of the bands are red edge",
    find: findGp,
    tells: null,
    explained: true,
    read: readGp,
    rpc: true,
  },
  'jl1-pan': {
    title: { zh: '吉林一号全色', en: 'Jilin-1 panchromatic alone' },
    recognised: 'name by the Jilin-1 grammar with `_PAN`, in a folder without the multispectral image',
    needs: 'the image',
    reads: 'checked for being whole, and kept with its checksums; nothing is made of it',
    refuses: 'a damaged image',
    waits: '–',
    find: findAlone('PAN'),
    tells: null,
    explained: false,
    read: null,
    rpc: true,
  },
  'jl1-psh': {
    title: { zh: '吉林一号融合影像（L3C、L3D）', en: 'Jilin-1 pan-sharpened (L3C, L3D)' },
    recognised: 'name by the Jilin-1 grammar with `_PSH`',
    needs: 'a `heitu.json` that describes it with encoding `relative`, to be used at all',
    reads: 'nothing without a description',
    refuses: 'always as reflectance: mixed with the panchromatic band and stretched',
    waits: 'difference of L3C and L3D; whether any is delivered with 16 bits and coefficients',
    find: findAlone('PSH'),
    tells: null,
    explained: false,
    read: readPsh,
    rpc: true,
  },
  gaofen: {
    title: { zh: '高分一号、二号、六号', en: 'Gaofen-1, -2, -6 (PMS, WFV)' },
    recognised: 'name `GF1_PMS1_E…_N…_<day>_L1A…-MSS1.tiff`, each WFV part by itself',
    needs: 'the image, its `.xml` (`ProductMetaData`); `.rpb` when the image has no georeference',
    reads:
      "times (Beijing), SolarZenith as zenith, `AbsCeof`, else the coefficients of CRESDA's notice of the year; corners, angles",
    refuses: 'no coefficients in the file and none known for the camera; as for Jilin-1',
    waits: 'bit depth of GF-1B/C/D and GF-6; coefficients after 2021 (GF-2: 2024); E0 of GF-2',
    find: findGaofen,
    tells: null,
    explained: true,
    read: readGaofen,
    rpc: true,
  },
  sentinel2: {
    title: { zh: '哨兵二号 L2A、L1C', en: 'Sentinel-2 L2A and L1C' },
    recognised: 'a folder with `MTD_MSIL2A.xml` or `MTD_MSIL1C.xml`; all below it is one product',
    needs: 'B04 and B08 as GeoTIFF under their own names; `MTD_TL.xml` for the angles',
    reads:
      'quantification, offsets by band, processing baseline, sun and view angles, footprint; the finest file of every band on its own grid; SCL',
    refuses: 'bands as JPEG 2000 only; a baseline from 04.00 on without offsets',
    waits: '–',
    find: findSentinel,
    tells: null,
    explained: true,
    read: readSentinel,
    rpc: false,
  },
  landsat: {
    title: { zh: '陆地卫星 4–9（MTL）', en: 'Landsat 4–9 with MTL' },
    recognised: 'a folder with `<product>_MTL.txt`',
    needs: 'red and near infrared band files named in the MTL',
    reads:
      'level-2 surface reflectance, level-1 reflectance divided by the sine of the sun, or radiance where the MTL has no more (with E0); sun, corners; QA_PIXEL',
    refuses: 'an MTL that was cut off; MSS and other instruments; no coefficients',
    waits: '–',
    find: findLandsat,
    tells: null,
    explained: true,
    read: readLandsat,
    rpc: false,
  },
  'jl1-gp-release': {
    title: { zh: '吉林一号光谱星反射率产品', en: 'Jilin-1 GP reflectance release' },
    recognised: 'tags of the image: `units=reflectance` and descriptions `B<n>(<wavelength>)`',
    needs: 'tag `acquisition_time`',
    reads: 'bands by their description, scale 0.0001, nodata −28672, Beijing time',
    refuses: 'a band without a description, two of one name, a wavelength of another colour, no time',
    waits: 'zone of `acquisition_time`; names of the files',
    find: null,
    tells: isGpRelease,
    explained: false,
    read: readGpRelease,
    rpc: false,
  },
  described: {
    title: { zh: '有说明的影像', en: 'imagery with a description' },
    recognised: '`heitu.json` or `<stem>.heitu.json` beside it, or flags',
    needs: 'what docs and `heitu ingest --help` say of descriptions',
    reads: 'time, sensor, bands, scale, nodata as described',
    refuses: '8-bit numbers or a `_PSH` image called reflectance; bands that are not there',
    waits: '–',
    find: null,
    tells: null,
    explained: false,
    read: readDescribed,
    rpc: false,
  },
} as const satisfies Record<string, DeliveryKind>;

export type DeliveryKindId = keyof typeof KINDS;
