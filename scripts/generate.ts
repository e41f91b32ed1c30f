/**
 * Writes every generated file of the repository. `--check` writes nothing and exits 1 when one differs from its source,
 * naming it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderAuditDocs } from '../auth_service/src/audit/index.ts';
import {
  loadConfig,
  renderConfigurationDocs,
  renderEnvironmentExample,
} from '../auth_service/src/config/index.ts';
import { renderOpenApi } from '../auth_service/src/http/index.ts';
import { renderArchitecture } from './rooms.ts';

interface GeneratedFile {
  /** From the repository root. */
  readonly path: string;
  render(): string | Promise<string>;
}

const FILES: readonly GeneratedFile[] = [
  { path: 'docs/configuration.md', render: renderConfigurationDocs },
  { path: 'auth_service/.env.production.example', render: renderEnvironmentExample },
  { path: 'docs/audit-events.md', render: renderAuditDocs },
  { path: 'docs/openapi.json', render: renderApi },
  { path: 'docs/architecture.md', render: renderArchitecture },
];

const ROOT = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

for (const { path, render } of FILES) {
  const file = join(ROOT, path);
  const wanted = await render();
  if (read(file) === wanted) continue;
  if (isCheck) {
    process.stderr.write(`${path} differs from its source. Run npm run generate.\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
    process.stdout.write(`wrote ${path}\n`);
  }
}

/** As the embedded default serves it. */
async function renderApi(): Promise<string> {
  const { version, server } = loadConfig({});
  const document = await renderOpenApi({
    version,
    rootPath: server.rootPath,
    publicUrl: server.publicUrl,
    hasPeople: true,
  });
  return `${JSON.stringify(document, null, 2)}\n`;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
