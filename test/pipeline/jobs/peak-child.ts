/** Computes NDVI of a file in two threads and prints the most memory that this process ever took, in MB. */
import { indexFile, namedBands } from '../../../pipeline/jobs/index-file.ts';

const [file, out] = process.argv.slice(2);
await indexFile({
  bands: namedBands(file!, ['blue', 'green', 'red', 'nir']),
  indices: ['NDVI'],
  stem: 'x',
  out: out!,
  scale: 0.0001,
  offset: undefined,
  epsg: 4551,
  compress: 'zstd',
  backend: 'cpu',
  version: 'test',
  threads: 2,
});
console.log(Math.round(process.resourceUsage().maxRSS / 1024));
