import { COMMON_OPTIONS, type CommandRow, type OptionRow } from './command.ts';

type Language = 'zh' | 'en';

/** The list of verbs. */
export function overview(commands: Readonly<Record<string, CommandRow>>, language: Language): string {
  const width = Math.max(...Object.keys(commands).map((verb) => verb.length));
  const lines = Object.entries(commands).map(
    ([verb, row]) => `  ${verb.padEnd(width)}  ${row.summary[language]}`,
  );
  const intro =
    language === 'zh'
      ? ['黑土：从卫星交付到作物长势图', '', '用法：heitu <命令> [选项]', '']
      : [
          'Heitu (黑土): from satellite deliveries to crop-health maps',
          '',
          'Usage: heitu <verb> [options]',
          '',
        ];
  const outro = language === 'zh' ? '每个命令都有 --help。' : 'Every verb has --help.';
  return [...intro, ...lines, '', outro].join('\n');
}

/** What one verb does, its options, and examples. */
export function helpOf(verb: string, row: CommandRow, language: Language): string {
  const rows: [string, OptionRow][] = Object.entries({ ...row.options, ...COMMON_OPTIONS });
  const names = rows.map(
    ([name, option]) => `--${name}${option.value === undefined ? '' : ` ${option.value}`}`,
  );
  const width = Math.max(...names.map((name) => name.length));
  const options = rows.map(([, option], i) => `  ${names[i]!.padEnd(width)}  ${option.help[language]}`);
  return [
    row.summary[language],
    '',
    `${language === 'zh' ? '用法：' : 'Usage: '}heitu ${[verb, row.operands].filter((part) => part !== '').join(' ')} [${language === 'zh' ? '选项' : 'options'}]`,
    '',
    ...options,
    '',
    language === 'zh' ? '例：' : 'Examples:',
    ...row.examples.map((example) => `  ${example}`),
  ].join('\n');
}

/** All verbs as a Markdown page; `docs/commands.md` is this and a test compares them. */
export function commandsPage(commands: Readonly<Record<string, CommandRow>>): string {
  const parts = Object.entries(commands).map(
    ([verb, row]) =>
      `## heitu ${verb}\n\n${row.summary.zh}\n\n\`\`\`text\n${helpOf(verb, row, 'en')}\n\`\`\`\n`,
  );
  return `# Commands\n\nGenerated from the command table by \`npm run docs\`; do not edit.\n\n${parts.join('\n')}`;
}
