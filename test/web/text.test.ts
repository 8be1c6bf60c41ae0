import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { en } from '../../web/text/en.ts';
import { area, count, day, joinFacts, number, percent, shortDay, tickTexts } from '../../web/text/format.ts';
import { cropName, say } from '../../web/text/say.ts';
import { zh } from '../../web/text/zh.ts';

const WEB = fileURLToPath(new URL('../../web', import.meta.url));
const gaps = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);

describe('the words of the page', () => {
  it('have the same keys in Chinese and English', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('are never empty', () => {
    expect([...Object.values(zh), ...Object.values(en)].filter((text) => text.trim() === '')).toEqual([]);
  });

  it('in English need no number or name that the Chinese sentence is not given', () => {
    const allowedMore: Readonly<Record<string, readonly string[]>> = {
      'summary.none': ['layer'],
      'detail.against.below': ['layers'],
      'detail.against.above': ['layers'],
      'detail.against.equal': ['layers'],
    };
    for (const [key, text] of Object.entries(zh)) {
      // The keys of zh are those of en, as the first test proves.
      const more = gaps(en[key as keyof typeof en]).filter((gap) => !gaps(text).includes(gap));
      expect(
        more.filter((gap) => !allowedMore[key]?.includes(gap)),
        key,
      ).toEqual([]);
    }
  });

  it('hold no Chinese in English but the two names, and no full-width quotes the font would stretch', () => {
    const strange = Object.entries(en).filter(([, text]) => /[\u4e00-\u9fff\u2018-\u201d]/.test(text));
    expect(strange.map(([key]) => key).sort()).toEqual(['app.latin', 'bar.language', 'bar.languageTitle']);
  });

  it('are all used: no key is dead', () => {
    const sources = filesUnder(WEB)
      .filter((file) => /\.tsx?$/.test(file) && !/text\/(zh|en)\.ts$/.test(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const computed = /^(crop|bar\.theme)\./;
    expect(
      Object.keys(zh).filter(
        (key) => !computed.test(key) && !sources.includes(`'${key}'`) && !sources.includes(`"${key}"`),
      ),
    ).toEqual([]);
  });

  it('are the only Chinese in the program besides the page title before it starts', () => {
    const withChinese = filesUnder(WEB)
      .filter((file) => /\.tsx?$/.test(file) && !/text\//.test(file))
      .filter((file) =>
        /[\u4e00-\u9fff]/.test(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
      );
    expect(withChinese).toEqual([]);
  });

  it('fill their gaps, and keep a gap that nothing fills visible', () => {
    expect(say('zh', 'list.clearShare', { percent: 96 })).toBe('晴空 96 %');
    expect(say('en', 'list.clearShare')).toBe('{percent} % clear');
  });

  it('say an unknown crop as it was delivered, and never look it up on the prototype', () => {
    expect(cropName('zh', 'maize')).toBe('玉米');
    expect(cropName('en', '高粱')).toBe('高粱');
    expect(cropName('en', 'toString')).toBe('toString');
    expect(cropName('zh', null)).toBe('未登记');
  });
});

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.name === 'dist'
      ? []
      : entry.isDirectory()
        ? filesUnder(join(folder, entry.name))
        : [join(folder, entry.name)],
  );
}

describe('numbers', () => {
  it('carry a real minus sign, and none when they round to zero', () => {
    expect(number(-0.05, 2)).toBe('−0.05');
    expect(number(-0.004, 2)).toBe('0.00');
  });

  it('of a share never round up to all or down to nothing', () => {
    expect([0, 0.001, 0.5, 0.998, 1].map(percent)).toEqual(['0', '1', '50', '99', '100']);
  });

  it('on an axis have the decimals they need among them', () => {
    expect(tickTexts([0, 0.2, 0.4])).toEqual(['0', '0.2', '0.4']);
    expect(tickTexts([-0.25, 0.5])).toEqual(['−0.25', '0.50']);
    expect(tickTexts([0, 10, 20])).toEqual(['0', '10', '20']);
  });

  it('of many digits are grouped by thin spaces', () => {
    expect(count(1234567)).toBe('1\u202f234\u202f567');
    expect(count(999)).toBe('999');
    expect([area(0.456), area(12.345), area(1234.5)]).toEqual(['0.46', '12.3', '1\u202f235']);
  });

  it('of a date follow the language', () => {
    expect([day('zh', '2024-08-05'), day('en', '2024-08-05')]).toEqual(['2024年8月5日', '5 Aug 2024']);
    expect([shortDay('zh', '2024-12-31'), shortDay('en', '2024-12-31')]).toEqual(['12月31日', '31 Dec']);
  });

  it('join to one line without what is missing', () => {
    expect(joinFacts(['玉米', null, '', '12 亩'])).toBe('玉米·12 亩');
  });
});
