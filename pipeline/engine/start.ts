/**
 * Where every thread starts: its modules come from the cache of compiled code, which halves what a thread costs before it
 * can work. (A static import would be compiled before the cache is on.)
 */
import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

enableCompileCache();
await import((workerData as { script: string }).script); // what openThreads hands over
