import type { Forest } from '../kernels/forest.ts';

/** A forest as it lies in a card: the flat arrays as little-endian bytes in base64. */
export interface ForestText {
  readonly features: number;
  readonly outputs: number;
  readonly roots: string;
  readonly depths: string;
  readonly feature: string;
  readonly threshold: string;
  readonly child: string;
  readonly values: string;
}

export function forestText(forest: Forest): ForestText {
  const text = (array: ArrayBufferView) =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
  return {
    features: forest.features,
    outputs: forest.outputs,
    roots: text(forest.roots),
    depths: text(forest.depths),
    feature: text(forest.feature),
    threshold: text(forest.threshold),
    child: text(forest.child),
    values: text(forest.values),
  };
}

/**
 * The arrays again. Throws a RangeError where they do not make trees: different lengths, a child before its parent or
 * outside its tree, a feature or depth that is not there. What passes can be walked without end or fault.
 */
export function forestFromText(text: ForestText): Forest {
  const bytes = (part: string) => new Uint8Array(Buffer.from(part, 'base64')).buffer;
  const forest: Forest = {
    features: text.features,
    outputs: text.outputs,
    roots: new Int32Array(bytes(text.roots)),
    depths: new Int32Array(bytes(text.depths)),
    feature: new Uint16Array(bytes(text.feature)),
    threshold: new Float32Array(bytes(text.threshold)),
    child: new Int32Array(bytes(text.child)),
    values: new Float32Array(bytes(text.values)),
  };
  const why = faultOf(forest);
  if (why !== null) throw new RangeError(why);
  return forest;
}

function faultOf({
  features,
  outputs,
  roots,
  depths,
  feature,
  threshold,
  child,
  values,
}: Forest): string | null {
  const nodes = child.length;
  if (roots.length === 0 || depths.length !== roots.length || roots[0] !== 0) return 'no trees';
  if (feature.length !== nodes || threshold.length !== nodes || values.length !== nodes * outputs)
    return 'arrays of different length';
  const steps = new Int32Array(nodes);
  for (let tree = 0; tree < roots.length; tree++) {
    const [root, end] = [roots[tree]!, roots[tree + 1] ?? nodes];
    if (end <= root) return `tree ${tree} is empty`;
    let deepest = 0;
    for (let node = root; node < end; node++) {
      const left = child[node]!;
      deepest = Math.max(deepest, steps[node]!);
      if (left === node) continue;
      if (left < node || left + 1 >= end || feature[node]! >= features) return `node ${node} leads nowhere`;
      steps[left] = steps[node]! + 1;
      steps[left + 1] = steps[node]! + 1;
    }
    if (deepest !== depths[tree]) return `tree ${tree} is not as deep as it says`;
  }
  return null;
}
