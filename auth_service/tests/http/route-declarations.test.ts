import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildWireApp } from './support/build-wire-app.ts';

const STATED = { operation: 'showThing', access: 'public', limit: 'none' } as const;

describe('a route', () => {
  it('boots when it states operation, access and limit', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    app.get('/thing', { config: STATED }, async () => ({}));
    await app.ready();
  });

  for (const missing of ['operation', 'access', 'limit'] as const) {
    it(`cannot boot without its ${missing}`, async () => {
      await using wire = buildWireApp();
      const { app } = wire;
      const config: Partial<typeof STATED> = { ...STATED };
      delete config[missing];
      assert.throws(
        () => app.get('/thing', { config }, async () => ({})),
        /GET \/thing must state operation/,
      );
    });
  }

  it('cannot boot below a plugin either', async () => {
    await using wire = buildWireApp();
    const { app } = wire;
    app.register(async (scope) => {
      scope.get('/thing', async () => ({}));
    });
    await assert.rejects(async () => app.ready(), /must state operation, access and limit/);
  });
});
