import { asHeituError } from '../core/error.ts';
import { importPlaceFile } from '../jobs/places.ts';
import {
  type CommandRow,
  choiceOption,
  errorLine,
  exitCode,
  needFiles,
  WORKSPACE_OPTIONS,
} from './command.ts';
import { withSession } from './session.ts';

export const PARCELS_IMPORT: CommandRow = {
  operands: 'FILE…',
  summary: { zh: '导入地块、小班或行政区（GeoJSON）', en: 'import parcels, stands or regions (GeoJSON)' },
  options: {
    layer: {
      kind: 'value',
      value: 'KIND',
      help: { zh: 'parcel 地块、stand 小班、region 行政区', en: 'parcel, stand or region' },
    },
    id: { kind: 'value', value: 'FIELD', help: { zh: '作为编号的字段', en: 'property that is the id' } },
    name: { kind: 'value', value: 'FIELD', help: { zh: '作为名称的字段', en: 'property that is the name' } },
    ...WORKSPACE_OPTIONS,
  },
  examples: [
    'heitu parcels import parcels.geojson',
    'heitu parcels import stands.geojson --layer stand --id 小班号',
  ],
  run: (call) => {
    const files = needFiles(call, 'parcels import');
    const kind = choiceOption(call, 'layer', ['parcel', 'stand', 'region']) ?? 'parcel';
    const { terminal } = call;
    return withSession(call, async ({ store }) => {
      let worst: 0 | 1 | 2 = 0;
      for (const file of files) {
        try {
          const { refused, ...counts } = await importPlaceFile(store, file, {
            kind,
            id: call.value('id'),
            name: call.value('name'),
          });
          for (const error of refused) terminal.note(errorLine(error, terminal.config.language));
          if (refused.length > 0) worst = 1;
          if (call.flag('json')) terminal.print(JSON.stringify({ file, ...counts, refused: refused.length }));
          else
            terminal.print(
              `${file}: ${counts.added} added, ${counts.updated} updated, ${counts.unchanged} unchanged, ${refused.length} refused`,
            );
        } catch (thrown) {
          const error = asHeituError(thrown, 'E_VECTOR_INVALID', file);
          terminal.note(errorLine(error, terminal.config.language));
          worst = worst === 1 ? 1 : exitCode(error);
        }
      }
      return worst;
    });
  },
};
