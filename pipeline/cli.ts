#!/usr/bin/env node
/** Where `heitu` starts. All else is imported when the cache of compiled code is on, so that it comes from there. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runProcess } = await import('./commands/main.ts');
await runProcess();
