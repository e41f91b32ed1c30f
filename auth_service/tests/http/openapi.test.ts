import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type OpenApiOptions, type PeopleDependencies, renderOpenApi } from '#http';
import { buildWireApp } from './support/build-wire-app.ts';

const OPTIONS: OpenApiOptions = {
  version: '0.1.0',
  rootPath: '/api/v1',
  hasPeople: true,
  publicUrl: 'https://auth.example.com',
};

/** Asked for nothing here but to be there. */
const PEOPLE = { people: {}, issuer: null, keys: {}, limits: {} } as unknown as PeopleDependencies;

interface Operation {
  operationId: string;
  requestBody?: { required: boolean; content: Record<string, { schema: object; examples: object }> };
  responses: Record<string, { content: Record<string, unknown>; headers: Record<string, unknown> }>;
  security?: object[];
  parameters?: { name: string; schema: { format?: string } }[];
}

interface ProblemContent {
  'application/problem+json': { examples: Record<string, unknown> };
}

type Paths = Record<string, Record<string, Operation>>;

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, with and without ROOT_PATH, PUBLIC_URL and people', async () => {
    const variants = [{}, { rootPath: '' }, { publicUrl: null }, { hasPeople: false }];
    for (const options of variants.map((changes) => ({ ...OPTIONS, ...changes }))) {
      const document = await renderOpenApi(options);
      assert.equal(document.openapi, '3.1.0');
      const { valid, errors } = await new Validator().validate(structuredClone(document));
      assert.equal(valid, true, JSON.stringify(errors));
    }
  });

  it('is what /openapi.json serves', async () => {
    for (const hasPeople of [true, false]) {
      await using wire = buildWireApp(hasPeople ? { rooms: { people: PEOPLE } } : {});
      const { app } = wire;
      const first = await app.inject('/openapi.json');
      const document = await renderOpenApi({ ...OPTIONS, hasPeople });
      assert.deepEqual(first.json(), JSON.parse(JSON.stringify(document)));
      assert.equal((await app.inject('/openapi.json')).body, first.body);
    }
  });

  it('lists each operation once, under the path it is served at', async () => {
    const { paths } = (await renderOpenApi(OPTIONS)) as unknown as { paths: Paths };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
    );
    const ids = operations.map((operation) => operation.split(':')[0]);
    assert.deepEqual(ids, [...new Set(ids)]);
    // Those of administration are compared with the table of permissions, elsewhere.
    const others = operations.filter((operation) => !operation.includes(' /api/v1/auth/admin/'));
    assert.deepEqual(others, [
      'issueToken: post /api/v1/auth/token',
      'introspectToken: post /api/v1/auth/introspect',
      'revokeToken: post /api/v1/auth/revoke',
      'registerPerson: post /api/v1/auth/users/register',
      'logIn: post /api/v1/auth/users/login',
      'refreshSession: post /api/v1/auth/users/token/refresh',
      'logOut: post /api/v1/auth/users/logout',
      'changePassword: put /api/v1/auth/users/password/update',
      'changePasswordByPost: post /api/v1/auth/users/password/update',
      'showMe: get /api/v1/auth/users/me',
      'replaceMe: put /api/v1/auth/users/me',
      'updateMe: patch /api/v1/auth/users/me',
      'deleteMe: delete /api/v1/auth/users/me',
      'listMySessions: get /api/v1/auth/users/me/sessions',
      'endMySession: delete /api/v1/auth/users/me/sessions/{session_id}',
      'showKeysOfPeople: get /auth/v1/.well-known/jwks.json',
      'showMetadata: get /.well-known/oauth-authorization-server',
      'showKeys: get /.well-known/jwks.json',
      'showHealth: get /health',
      'showLiveness: get /health/live',
      'showReadiness: get /health/ready',
    ]);
  });

  it('and the routes that are served are the same, but for second paths and pages', async () => {
    await using wire = buildWireApp({ rooms: { people: PEOPLE } });
    const served: string[] = [];
    wire.app.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat())
        served.push(`${name.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`);
    });
    await wire.app.ready();
    const { paths } = (await renderOpenApi(OPTIONS)) as unknown as { paths: Paths };
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const unlisted = [
      'get /api/v1/.well-known/jwks.json',
      'get /api/v1/.well-known/oauth-authorization-server',
      'get /docs',
      'get /docs/{file}',
      'get /openapi.json',
    ];
    const isHead = (route: string) => route.startsWith('head ');
    assert.deepEqual(served.filter((route) => !isHead(route)).sort(), [...listed, ...unlisted].sort());
  });

  it('says of each route of people who may call it and every error it has', async () => {
    const { paths, components } = (await renderOpenApi(OPTIONS)) as unknown as {
      paths: Paths;
      components: { securitySchemes: Record<string, { type: string; scheme: string }> };
    };
    const { type, scheme } = components.securitySchemes.userToken ?? {};
    assert.deepEqual([type, scheme], ['http', 'bearer']);
    const ofPeople = Object.entries(paths).filter(([path]) => path.startsWith('/api/v1/auth/users/'));
    const operations = ofPeople.flatMap(([, methods]) => Object.values(methods));
    const open = operations.filter(({ security }) => security === undefined);
    assert.deepEqual(
      open.map(({ operationId }) => operationId),
      ['registerPerson', 'logIn', 'refreshSession'],
    );
    for (const { operationId, security, responses, requestBody } of operations) {
      if (security !== undefined) assert.deepEqual(security, [{ userToken: [] }]);
      for (const [status, { content, headers }] of Object.entries(responses)) {
        assert.ok(headers['X-Request-ID']);
        if (Number(status) < 400) continue;
        assert.deepEqual(Object.keys(content), ['application/problem+json'], `${operationId} ${status}`);
        if (status === '401') assert.ok(headers['WWW-Authenticate']);
      }
      const expected = requestBody === undefined ? [] : ['400', '413', '415', '422'];
      for (const status of [...expected, '500', '503'])
        assert.ok(responses[status], `${operationId} ${status}`);
    }
    const codesOf = (path: string, method: string, status: string) => {
      const content = paths[path]?.[method]?.responses[status]?.content as unknown as ProblemContent;
      return Object.keys(content['application/problem+json'].examples);
    };
    assert.deepEqual(codesOf('/api/v1/auth/users/register', 'post', '409'), [
      'username_taken',
      'email_exists',
    ]);
    assert.deepEqual(codesOf('/api/v1/auth/users/login', 'post', '401'), ['invalid_credentials']);
    assert.deepEqual(codesOf('/api/v1/auth/users/password/update', 'put', '401'), [
      'no_authorization',
      'invalid_token',
      'reauthentication_needed',
      'current_password_invalid',
    ]);
  });

  it('demands a body only where something of it is required, and names what is in a path', async () => {
    const { paths } = (await renderOpenApi(OPTIONS)) as unknown as { paths: Paths };
    const ofPeople = Object.entries(paths).filter(([path]) => !path.startsWith('/api/v1/auth/admin/'));
    const operations = ofPeople.flatMap(([, methods]) => Object.values(methods));
    const optional = operations.filter(({ requestBody }) => requestBody?.required === false);
    assert.deepEqual(
      optional.map(({ operationId }) => operationId),
      ['logOut', 'replaceMe', 'updateMe'],
    );
    const { parameters } = paths['/api/v1/auth/users/me/sessions/{session_id}']?.delete ?? {};
    assert.equal(parameters?.length, 1);
    assert.equal(parameters[0]?.schema.format, 'uuid');
  });

  it('names servers by PUBLIC_URL and keeps paths whole below one with a path', async () => {
    const document = await renderOpenApi({ ...OPTIONS, publicUrl: 'https://example.com/api/v1' });
    assert.deepEqual(document.servers, [{ url: 'https://example.com/api/v1' }]);
    assert.ok(document.paths['/api/v1/auth/token']);
  });

  it('describes the token endpoint in both body types, with examples, security and both outcomes', async () => {
    const { paths } = (await renderOpenApi(OPTIONS)) as unknown as { paths: Paths };
    const operation = paths['/api/v1/auth/token']?.post;
    const content = operation?.requestBody?.content ?? {};
    assert.deepEqual(Object.keys(content), ['application/x-www-form-urlencoded', 'application/json']);
    for (const { examples } of Object.values(content)) assert.ok(Object.keys(examples).length > 0);
    assert.deepEqual(operation?.security, [{ clientSecretBasic: [] }, {}]);
    const responses = operation?.responses ?? {};
    assert.deepEqual(Object.keys(responses), ['200', '400', '401', '413', '415', '429', '500', '503']);
    assert.match(JSON.stringify(responses[400]), /schemas\/OauthError/);
    assert.ok(responses[429]?.headers['Retry-After']);
    assert.ok(responses[200]?.headers.RateLimit);
  });

  it('describes errors elsewhere as problems', async () => {
    const { paths } = (await renderOpenApi(OPTIONS)) as unknown as { paths: Paths };
    const { content } = paths['/health/ready']?.get?.responses[503] ?? { content: {} };
    assert.deepEqual(Object.keys(content), ['application/problem+json']);
    assert.match(JSON.stringify(content), /schemas\/Problem/);
  });
});
