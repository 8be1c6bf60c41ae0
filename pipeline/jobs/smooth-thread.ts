/** A thread that turns blocks of a stack into encoded blocks of the regular series. */
import { threadData } from '../engine/thread.ts';
import { openSmoothWorker, type SmoothPlan } from './smooth-work.ts';
import { serveWindows } from './window-thread.ts';

const plan = threadData() as SmoothPlan; // what openWindowThreads hands over
serveWindows(openSmoothWorker(plan), (block) => [block]);
