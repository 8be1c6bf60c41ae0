import { HeituError } from '../core/error.ts';

/** Without red and near infrared nothing we publish can be made; `there` says what bands there are, and where. */
export function requireBands(names: readonly string[], there: string): void {
  const missing = ['R', 'N'].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new HeituError('E_BAND_MISSING', { what: missing.join(', '), where: there });
}
