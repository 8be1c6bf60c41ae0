/** A thread that turns windows of an orthorectified image into encoded blocks. */
import { threadData } from '../engine/thread.ts';
import { type OrthoPlan, openOrthoWorker } from './ortho-work.ts';
import { serveWindows } from './window-thread.ts';

const plan = threadData() as OrthoPlan; // what openWindowThreads hands over
serveWindows(openOrthoWorker(plan), (blocks) => blocks);
