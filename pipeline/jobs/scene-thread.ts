/** A thread that makes scenes: pixels are worked on here, so that database and progress stay quick in the main thread. */
import { serve, threadData } from '../engine/thread.ts';
import { type BackendName, openBackend } from '../kernels/backend.ts';
import { type MadeScene, makeScene } from './process.ts';
import type { SceneTask } from './scene-threads.ts';

const { wanted } = threadData() as { wanted: 'auto' | BackendName }; // what openSceneThreads hands over
const backend = await openBackend(wanted);

serve<SceneTask, MadeScene>(async ({ scene, options }, note) => ({
  answer: await makeScene(scene, options, backend, (done, total) => note(done / total)),
}));
