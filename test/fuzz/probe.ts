import { HeituError } from '../../pipeline/core/error.ts';
import { inspectRaster, openRaster } from '../../pipeline/ingest/geotiff.ts';

/** How a file was taken: read, refused by name, or a failure that is ours. */
export type Probe =
  | { readonly kind: 'read' | 'refused' }
  | { readonly kind: 'unclear'; readonly how: string };

const CLEAR = /^E_(NOT_TIFF|TIFF_[A-Z]+(_[A-Z]+)?)$/;

/** Reads all pixels of a file, and the first block of each overview with what its mask says of it; never throws. */
export async function probe(path: string): Promise<Probe> {
  const found = await inspectRaster(path);
  if (!found.ok) {
    const { code, message } = found.error!;
    return CLEAR.test(code) && message.includes(path.split('/').at(-1)!)
      ? { kind: 'refused' }
      : { kind: 'unclear', how: `${code}: ${message}` };
  }
  return await probeLevels(path);
}

async function probeLevels(path: string): Promise<Probe> {
  try {
    const raster = await openRaster(path);
    try {
      const levels = [raster.info, ...raster.info.overviews];
      for (const [level, { width, height }] of levels.entries()) {
        const window = { col: 0, row: 0, width: Math.min(512, width), height: Math.min(512, height) };
        await raster.read([1], window, level);
        await raster.readValidity([1], window, level);
      }
      return { kind: 'read' };
    } finally {
      await raster.close();
    }
  } catch (error) {
    // Anything but a named error is a fault of the reader, not of the file.
    if (error instanceof HeituError && CLEAR.test(error.code)) return { kind: 'refused' };
    return { kind: 'unclear', how: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
