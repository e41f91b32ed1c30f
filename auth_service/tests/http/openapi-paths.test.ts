import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderOpenApi } from '#http';
import { describeOn } from '../support/databases.ts';
import { buildAdminApp } from './support/admin-app.ts';
import { SERVER } from './support/build-wire-app.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { content: Record<string, { examples: Record<string, unknown> }> }>
  >;
}

const PARAMETER = /\{\w+\}/g;
/** What no decoder can read, and what is longer than any id or name. */
const UNREADABLE = ['%zz', '%', '%c0%af', '%ff', 'x'.repeat(200)];

// Nothing of it reaches a database: one of them is enough.
describeOn('embedded', 'a path that cannot be read', (open) => {
  it('is 400 where the document says so, and the document says so where it is', async () => {
    await using app = await buildAdminApp(await open());
    const { rootPath, publicUrl } = SERVER;
    const { paths } = await renderOpenApi({ version: '0.1.0', rootPath, publicUrl, hasPeople: true });
    const documented: string[] = [];
    const answered: string[] = [];
    for (const [path, methods] of Object.entries(paths as Record<string, Record<string, Operation>>)) {
      for (const [method, { operationId, responses }] of Object.entries(methods)) {
        const examples = responses[400]?.content['application/problem+json']?.examples ?? {};
        if ('invalid_request' in examples) documented.push(operationId);
        const codes = new Set<string>();
        for (const text of UNREADABLE) {
          if (path.search(PARAMETER) < 0) continue;
          const url = path.replace(PARAMETER, text);
          const answer = await app.app.inject({ method: method.toUpperCase() as Method, url });
          codes.add(`${answer.statusCode} ${answer.json().code}`);
        }
        if (codes.has('400 invalid_request')) answered.push(operationId);
        assert.ok(codes.size <= 1, `${operationId}: ${[...codes]}`);
      }
    }
    assert.deepEqual(documented, answered);
    assert.ok(documented.includes('endMySession'));
    assert.ok(documented.length > 20);
  });
});
