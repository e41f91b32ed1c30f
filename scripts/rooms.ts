/** The list of rooms in docs/architecture.md, from the first comment of each door. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = join(ROOT, 'auth_service/src');
const SECTION = /(<!-- rooms:[^>]*-->\n)[\s\S]*?(<!-- \/rooms -->)/;

/** The page as it is, with its list of rooms written anew. */
export function renderArchitecture(): string {
  const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const rooms = readdirSync(ROOMS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `- **${name}**: ${doorComment(name)}\n`)
    .sort();
  return page.replace(SECTION, (_, start: string, end: string) => `${start}${rooms.join('')}${end}`);
}

function doorComment(room: string): string {
  const door = readFileSync(join(ROOMS, room, 'index.ts'), 'utf8');
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(door)?.[1] ?? '';
  return comment
    .replace(/^\s*\*\s?/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(new RegExp(`^${room}: `), '');
}
