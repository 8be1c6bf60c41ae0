/**
 * Grows a forest on labelled rows, classifies pixels with it (raw float32 planes) in threads, and prints what the
 * classifying cost as JSON: `node test/bench/forest-loop.ts ROWS LABELS PIXELS OUT FEATURES CLASSES TREES THREADS [FOREST]`. FOREST: a
 * file the trees are written to, for the C++ loop.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { openForestPool } from '../../pipeline/jobs/forest-threads.ts';
import { growClassForest } from '../../pipeline/models/ensemble.ts';

const [rowsFile, labelsFile, pixelsFile, out, featureCount, classCount, trees, threads, forestFile] =
  process.argv.slice(2);
const [features, classes] = [Number(featureCount), Number(classCount)];
const floats = async (path: string) => {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
};
const table = await floats(rowsFile!);
const labels = new Uint8Array(await readFile(labelsFile!));
const rows = Array.from(labels, (_, i) => table.subarray(i * features, (i + 1) * features));
const all = await floats(pixelsFile!);
const pixels = all.length / features;
const planes = Array.from({ length: features }, (_, f) => all.slice(f * pixels, (f + 1) * pixels));
const { forest } = growClassForest(rows, labels, classes, {
  trees: Number(trees),
  minLeaf: 1,
  balanced: false,
  seed: 1,
});
if (forestFile !== undefined) {
  const { roots, child, feature, threshold, values } = forest;
  const head = Int32Array.of(roots.length, child.length, features, classes);
  const parts = [head, roots, child, Int32Array.from(feature), threshold, values];
  await writeFile(forestFile, Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
}
const pool = openForestPool(forest, Number(threads));
// Threads are up and have their forest before the clock runs, as scikit-learn's are.
await pool.classify(planes.map((plane) => plane.slice(0, 1000)));
const [start, before] = [performance.now(), process.cpuUsage()];
const found = await pool.classify(planes);
const { user, system } = process.cpuUsage(before);
const wall = (performance.now() - start) / 1000;
await pool.close();
await writeFile(out!, found.classes);
console.log(JSON.stringify({ wall, cpu: (user + system) / 1e6 }));
