import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import { parseMetadata } from '../../../pipeline/ingest/metadata.ts';
import { decodeXml } from '../../../pipeline/ingest/text.ts';
import { metaXml } from './deliveries.ts';

const good = metaXml();
const inside = (text: string) => good.replace('<Sensor>PMS1</Sensor>', text);
const before = (text: string) => good.replace('<MetaData>', `${text}<MetaData>`);
const bytes = (text: string) => Buffer.from(text);
const read = (file: Buffer) => parseMetadata(decodeXml(file, 'a_meta.xml'), 'a_meta.xml');

/** Made as an attack or by damage; `127.0.0.1:0` stands for a listener of this test. */
const HOSTILE: readonly (readonly [what: string, file: Buffer])[] = [
  [
    'an external entity of a file',
    bytes(before('<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>').replace('PMS1', '&x;')),
  ],
  [
    'an external entity of a server',
    bytes(before('<!DOCTYPE m [<!ENTITY x SYSTEM "http://127.0.0.1:0/x">]>').replace('PMS1', '&x;')),
  ],
  [
    'a parameter entity of a server',
    bytes(before('<!DOCTYPE m [<!ENTITY % x SYSTEM "http://127.0.0.1:0/x"> %x;]>')),
  ],
  ['an external DTD', bytes(before('<!DOCTYPE m SYSTEM "http://127.0.0.1:0/m.dtd">'))],
  ['a public DTD', bytes(before('<!DOCTYPE m PUBLIC "-//X//Y" "http://127.0.0.1:0/m.dtd">'))],
  [
    'laughing entities',
    bytes(
      before(
        `<!DOCTYPE m [<!ENTITY a "ha">${'bcdefgh'
          .split('')
          .map((c, i) => `<!ENTITY ${c} "${`&${'abcdefg'[i]};`.repeat(10)}">`)
          .join('')}]>`,
      ).replace('PMS1', '&h;'),
    ),
  ],
  [
    'an entity that is its own',
    bytes(before('<!DOCTYPE m [<!ENTITY a "&b;"><!ENTITY b "&a;">]>').replace('PMS1', '&a;')),
  ],
  ['a DTD in small letters', bytes(before('<!doctype m>'))],
  ['an element declaration', bytes(before('<!ELEMENT MetaData ANY>'))],
  ['an entity nobody declared', bytes(inside('<Sensor>&secret;</Sensor>'))],
  ['an ampersand alone', bytes(inside('<Sensor>P & M</Sensor>'))],
  ['a character reference beyond Unicode', bytes(inside('<Sensor>&#99999999;</Sensor>'))],
  ['a NUL', bytes(inside('<Sensor>PMS\u00001</Sensor>'))],
  ['a bell', bytes(inside('<Sensor>PMS\u0007</Sensor>'))],
  ['a form feed', bytes(inside('<Sensor>PMS\u000c</Sensor>'))],
  ['tags that cross', bytes(inside('<a><Sensor>PMS1</a></Sensor>'))],
  ['a tag that ends another', bytes(inside('<Sensor>PMS1</Satellite>'))],
  ['no end', bytes(good.slice(0, -30))],
  ['two roots', bytes(`${good}<More/>`)],
  ['text behind the root', bytes(`${good}more`)],
  ['an attribute twice', bytes(inside('<Sensor a="1" a="2">PMS1</Sensor>'))],
  ['a tag that is none', bytes(inside('<1Sensor>PMS1</1Sensor>'))],
  ['nothing', bytes('')],
  ['blanks', bytes('   \n')],
  ['a text', bytes('Dear Sir, this is no metadata.')],
  ['JSON', bytes('{"MetaData": {}}')],
  ['a zip', Buffer.from('PK\u0003\u0004', 'latin1')],
  ['a hundred elements deep', bytes(`${'<a>'.repeat(100)}x${'</a>'.repeat(100)}`)],
  ['ten thousand elements deep', bytes(`${'<a>'.repeat(10_000)}x${'</a>'.repeat(10_000)}`)],
  ['six megabytes', bytes(inside(`<Sensor>${'x'.repeat(6 * 2 ** 20)}</Sensor>`))],
  [
    'bytes that are not the UTF-8 they say',
    Buffer.concat([bytes(good.slice(0, 100)), Buffer.from([0xff, 0xfe, 0x80]), bytes(good.slice(100))]),
  ],
  [
    'bytes of no encoding',
    Buffer.concat([
      bytes('<MetaData><Sensor>'),
      Buffer.from([0xff, 0xff, 0x41]),
      bytes('</Sensor></MetaData>'),
    ]),
  ],
  ['UTF-16 without a mark', Buffer.from(good, 'utf16le')],
  [
    'UTF-16 cut in a character',
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(good, 'utf16le').subarray(0, 101)]),
  ],
  ['an encoding nobody reads', bytes(good.replace('UTF-8', 'UTF-7'))],
  [
    'GBK that is none',
    Buffer.concat([
      bytes(good.replace('UTF-8', 'GBK').slice(0, 120)),
      Buffer.from([0xff]),
      bytes(good.slice(120)),
    ]),
  ],
  ['a sun that is no number', bytes(metaXml({ SolarElevation: '63°15′' }))],
  ['a sun in hexadecimal', bytes(metaXml({ SolarElevation: '0x3F' }))],
  ['an infinite pixel', bytes(metaXml({ ImageRowGSD: 'Infinity' }))],
  ['a pixel of nothing', bytes(metaXml({ ImageRowGSD: '0' }))],
  ['a 13th month', bytes(metaXml({ CenterTime: '2024-13-01 10:32:05' }))],
  ['a 25th hour', bytes(metaXml({ CenterTime: '2024-07-14 25:32:05' }))],
  ['a time with a zone of its own', bytes(metaXml({ CenterTime: '2024-07-14T10:32:05+02:00' }))],
];

const HONEST: readonly (readonly [what: string, file: Buffer])[] = [
  ['as it is', bytes(good)],
  ['without a declaration', bytes(good.replace(/<\?xml.*?\?>\n/, ''))],
  ['with Windows line ends', bytes(good.replaceAll('\n', '\r\n'))],
  [
    'with comments and CDATA',
    bytes(inside('<!-- PMS2 & more --><Sensor><![CDATA[PMS1]]></Sensor>').replace(' & more', '')),
  ],
  [
    'with a namespace',
    bytes(
      good.replaceAll('<MetaData', '<j:MetaData xmlns:j="urn:j"').replaceAll('</MetaData', '</j:MetaData'),
    ),
  ],
  ['with attributes', bytes(inside('<Sensor unit="none" x=\'1\'>PMS1</Sensor>'))],
  [
    'with entities XML has itself',
    bytes(inside('<Sensor>PMS1</Sensor><Note>a &lt; b &amp; c &#20449;</Note>')),
  ],
  ['in capitals', bytes(good.replaceAll('Sensor>', 'SENSOR>'))],
  ['with blanks around values', bytes(good.replace('>PMS1<', '>\n  PMS1  \n<'))],
  [
    'with a mark and no declaration',
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(good.replace(/<\?xml.*?\?>\n/, ''))]),
  ],
  [
    'in UTF-16, big end first',
    Buffer.concat([
      Buffer.from([0xfe, 0xff]),
      Buffer.from(good.replace('UTF-8', 'UTF-16'), 'utf16le').swap16(),
    ]),
  ],
  ['with Chinese words', bytes(inside('<Sensor>PMS1</Sensor><站名>长春</站名>'))],
];

describe('metadata files', () => {
  it('that are hostile or damaged are refused with a reason that names them, and nothing is fetched', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end('<x/>'));
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const taken: string[] = [];
    for (const [what, file] of HOSTILE) {
      try {
        read(Buffer.from(file.toString('latin1').replaceAll('127.0.0.1:0', `127.0.0.1:${port}`), 'latin1'));
        taken.push(what);
      } catch (error) {
        expect(error, what).toBeInstanceOf(HeituError);
        expect((error as HeituError).code, what).toMatch(/^E_(XML_UNSAFE|META_INVALID|META_ENCODING)$/);
        expect((error as HeituError).message, what).toContain('a_meta.xml');
        expect((error as HeituError).message, what).not.toContain('root:');
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => server.close(resolve));
    console.log(
      `metadata: ${HOSTILE.length - taken.length} of ${HOSTILE.length} refused, ${connections} connections`,
    );
    expect(taken).toEqual([]);
    expect(connections).toBe(0);
  });

  it.each(HONEST)('%s are read', (_what, file) => {
    expect(read(file)).toMatchObject({ sensor: 'PMS1', dataBits: 12, sunElevation: 64 });
  });

  it('are read in time that grows with their length', () => {
    const time = (n: number) => {
      const text = inside(`<Sensor>PMS1</Sensor>${'<A>1</A>'.repeat(n)}`);
      const started = process.cpuUsage();
      read(bytes(text));
      return process.cpuUsage(started).user / 1e6;
    };
    time(2000);
    const [small, large] = [Math.min(time(20_000), time(20_000)), Math.min(time(80_000), time(80_000))];
    expect(large).toBeLessThan(8 * small + 0.2);
  });
});
