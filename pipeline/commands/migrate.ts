import { type CommandRow, WORKSPACE_OPTIONS } from './command.ts';
import { withSession } from './session.ts';

export const MIGRATE: CommandRow = {
  operands: '',
  summary: {
    zh: '建立或更新数据库结构（可重复执行）',
    en: 'create or update the database schema; safe to repeat',
  },
  options: { ...WORKSPACE_OPTIONS },
  examples: ['heitu migrate', 'DATABASE_URL=postgres://… heitu migrate'],
  // Opening a store brings its schema up to date.
  run: (call) =>
    withSession(call, async ({ store }) => {
      call.terminal.print(`schema up to date (${store.kind} database)`);
      return 0 as const;
    }),
};
