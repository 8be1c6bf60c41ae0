import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, numberOption, WORKSPACE_OPTIONS } from './command.ts';
import { type Session, withSession } from './session.ts';

export const SERVE: CommandRow = {
  operands: '',
  summary: { zh: '提供接口与网页', en: 'serve the API and the viewer' },
  options: {
    port: { kind: 'value', value: 'N', help: { zh: '端口（默认 8080）', en: 'port (default 8080)' } },
    host: {
      kind: 'value',
      value: 'ADDRESS',
      help: {
        zh: '监听地址（默认 127.0.0.1，仅本机）',
        en: 'address to listen on (default 127.0.0.1, this machine only)',
      },
    },
    ...WORKSPACE_OPTIONS,
  },
  examples: ['heitu serve', 'heitu serve --port 9000 --workspace workspace-demo'],
  run: (call) => withSession(call, (session) => serveUntilStopped(call, session)),
};

/** Serves a session until the person stops it. */
export async function serveUntilStopped(call: Call, session: Session): Promise<0> {
  const { terminal } = call;
  // Loaded here, so that the verbs that serve nothing start without a web server.
  const [{ readApiConfig }, { startServer }] = await Promise.all([
    import('../../api/config.ts'),
    import('../../api/server.ts'),
  ]);
  const server = await startServer({
    store: session.store,
    workspace: session.workspace.folder,
    host: call.value('host') ?? '127.0.0.1',
    port: numberOption(call, 'port', { min: 0, max: 65_535, whole: true }) ?? 8080,
    version: VERSION,
    webRoot: join(fileURLToPath(new URL('../../', import.meta.url)), 'web', 'dist'),
    now: terminal.now,
    config: readApiConfig(),
  });
  terminal.print(
    terminal.config.language === 'zh'
      ? `打开 ${server.url}（Ctrl-C 结束）`
      : `open ${server.url} (Ctrl-C ends)`,
  );
  await terminal.stopped();
  await server.close();
  return 0;
}
