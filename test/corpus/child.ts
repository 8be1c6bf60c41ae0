/** A child of `npm run corpus`: reads every pixel of one file and says what it found. */
import { inspectRaster } from '../../pipeline/ingest/geotiff.ts';
import { answerJobs } from './pool.ts';

answerJobs(({ path }: { path: string }) => inspectRaster(path));
