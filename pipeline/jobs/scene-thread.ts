/** A thread that makes scenes: pixels are worked on here, so that database and progress stay quick in the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { asHeituError } from '../core/error.ts';
import { type BackendName, openBackend } from '../kernels/backend.ts';
import { makeScene } from './process.ts';
import type { SceneAnswer, SceneTask } from './scene-threads.ts';

const { wanted } = workerData as { wanted: 'auto' | BackendName };
const backend = await openBackend(wanted);

parentPort?.on('message', async ({ scene, options }: SceneTask) => {
  const say = (answer: SceneAnswer) => parentPort?.postMessage(answer);
  try {
    const made = await makeScene(scene, options, backend, (done, total) =>
      say({ kind: 'progress', done, total }),
    );
    say({ kind: 'made', made });
  } catch (thrown) {
    const { code, details } = asHeituError(thrown, 'E_INTERNAL', scene.id);
    // A cause may be anything, and not everything can be sent.
    say({
      kind: 'failed',
      code,
      what: details.what,
      where: details.where,
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
  }
});
