/** A thread that turns windows of an image into encoded blocks of index files. */
import { threadData } from '../engine/thread.ts';
import { type IndexPlan, openIndexWorker } from './index-work.ts';
import { serveWindows } from './window-thread.ts';

const plan = threadData() as IndexPlan; // what openWindowThreads hands over
serveWindows(openIndexWorker(plan), ({ blocks }) => blocks);
