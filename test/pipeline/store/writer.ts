import { openStore } from '../../../pipeline/store/open.ts';
import { importPlaces } from '../../../pipeline/store/place.ts';
import { aPlace } from './rows.ts';

/**
 * A process that writes pairs of places until it is killed, and says `ack N` after each pair is in. Arguments: the
 * workspace, a prefix for its ids, the first number, and how many pairs (then it closes and ends by itself).
 */
const [workspace = '', prefix = '', first = '0', count = 'Infinity'] = process.argv.slice(2);
const store = await openStore({ workspace, databaseUrl: null });
process.stdout.write('open\n');
for (let i = Number(first); i < Number(first) + Number(count); i++) {
  await importPlaces(store, 'parcel', [aPlace(`${prefix}-${i}-a`), aPlace(`${prefix}-${i}-b`)], 'test');
  process.stdout.write(`ack ${i}\n`);
}
await store.close();
