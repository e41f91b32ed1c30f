import { changeOne, createUser, deleteOne, getOne } from './administration.ts';
import type { Answer, Call } from './call.ts';
import { generateLink, invite, verify } from './links.ts';
import { getUser, logOut, updateUser } from './own-account.ts';
import { Refusal, renderRefusal } from './refusal.ts';
import { signUp, token } from './sign-up-and-token.ts';
import { listUsers } from './user-list.ts';
import type { World } from './world.ts';

type Endpoint = (world: World, call: Call, id: string) => Answer | Promise<Answer>;

const PROVIDERS = [
  ...['anonymous_users', 'apple', 'azure', 'bitbucket', 'discord', 'facebook', 'snapchat', 'figma', 'fly'],
  ...['github', 'gitlab', 'google', 'keycloak', 'kakao', 'linkedin', 'linkedin_oidc', 'notion', 'spotify'],
  ...['slack', 'slack_oidc', 'workos', 'twitch', 'twitter', 'email', 'phone', 'zoom'],
];

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'GET /health': () => ({
    status: 200,
    body: {
      version: 'v2.180.0',
      name: 'GoTrue',
      description: 'GoTrue is a user registration and authentication API',
    },
  }),
  'GET /settings': settings,
  'GET /.well-known/jwks.json': ({ keys }) => ({
    status: 200,
    headers: { 'cache-control': 'public, max-age=600' },
    body: keys.jwks(),
  }),
  'POST /signup': signUp,
  'POST /token': token,
  'POST /verify': verify,
  'GET /user': getUser,
  'PUT /user': updateUser,
  'POST /logout': logOut,
  'POST /invite': invite,
  'POST /admin/generate_link': generateLink,
  'GET /admin/users': listUsers,
  'POST /admin/users': createUser,
  'GET /admin/users/:id': getOne,
  'PUT /admin/users/:id': changeOne,
  'DELETE /admin/users/:id': deleteOne,
};

/** GoTrue's answer, refusals included. */
export async function answerCall(world: World, call: Call): Promise<Answer> {
  const id = /^\/admin\/users\/([^/]+)$/.exec(call.path)?.[1];
  const route = id === undefined ? call.path : '/admin/users/:id';
  const endpoint = ENDPOINTS[`${call.method} ${route}`];
  if (endpoint === undefined) return { status: 404, body: '404 page not found' };
  try {
    return await endpoint(world, call, id ?? '');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return renderRefusal(error, call.headers['x-supabase-api-version']?.toString());
  }
}

function settings({ options }: World): Answer {
  return {
    status: 200,
    body: {
      external: Object.fromEntries(PROVIDERS.map((name) => [name, name === 'email'])),
      disable_signup: options.disableSignup ?? false,
      mailer_autoconfirm: options.confirmsAutomatically ?? false,
      phone_autoconfirm: false,
      sms_provider: '',
      saml_enabled: false,
      saml_private_key_next_configured: false,
      passkeys_enabled: false,
    },
  };
}
