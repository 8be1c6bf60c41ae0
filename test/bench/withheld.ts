/**
 * `node test/bench/withheld.ts [--folds 5 --seed 1 --lambda N --envelope P]`: hides clear observations of real series, smooths the rest with every
 * method at its defaults and prints how far the lines are from what was hidden, beside straight lines between observations.
 */
import { parseArgs } from 'node:util';
import { realData } from '../helpers/real-data.ts';
import {
  type Flagged,
  fluxSites,
  sinop,
  slovenia,
  type WithheldOptions,
  withheld,
} from '../helpers/withheld.ts';

const { values } = parseArgs({
  options: {
    folds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    lambda: { type: 'string' },
    envelope: { type: 'string' },
  },
});
const whittaker = {
  ...(values.lambda === undefined ? {} : { lambda: Number(values.lambda) }),
  ...(values.envelope === undefined ? {} : { envelope: Number(values.envelope) }),
};
const common = { folds: Number(values.folds), seed: Number(values.seed), step: 10, whittaker };

const lines = [
  '| series | flags | method | hidden n | RMSE | × straight lines |',
  '|---|---|---|---:|---:|---:|',
];
function show(name: string, series: readonly Flagged[], options: Omit<WithheldOptions, keyof typeof common>) {
  for (const { method, n, rmse, ratio } of withheld(series, { ...common, ...options }))
    lines.push(
      `| ${name} | ${options.flags} | ${method} | ${n} | ${rmse.toFixed(4)} | ${ratio.toFixed(3)} |`,
    );
}

const [flux, sentinel, modis] = [
  realData('11-smoothing'),
  realData('01-s2-timeseries-slovenia'),
  realData('02-modis-sinop-timeseries'),
];
for (const flags of ['hidden', 'used'] as const) {
  if (flux !== null) show('MOD13A1, 10 flux sites', fluxSites(flux), { flags, margin: 92 });
  if (sentinel !== null)
    show('Sentinel-2, Slovenia, 68 dates', await slovenia(sentinel, 25), { flags, margin: null });
}
if (flux !== null) show('MOD13A1, 10 flux sites', fluxSites(flux), { flags: 'flawless', margin: 92 });
if (modis !== null) show('MOD13Q1, Sinop, no flags', await sinop(modis, 80), { flags: 'hidden', margin: 92 });
console.log(lines.join('\n'));
