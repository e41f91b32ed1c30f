/** The door to the administration of other-server.ts: who asks, and whether they may. What they may do: other-verbs.ts. */
import { openToken } from '../../../scripts/demo/forge.ts';
import type { OtherPeople } from './other-people.ts';
import { type OtherState, permissionsOf } from './other-state.ts';
import { type Actor, type Answer, covers, createOtherVerbs, refusal } from './other-verbs.ts';

interface AdminRequest {
  /** Method and path below the routes of administration, without the query. */
  readonly on: string;
  readonly token: string;
  readonly query: URLSearchParams;
  readonly ifMatch: string | undefined;
  readonly body: Record<string, unknown>;
}

export interface OtherAdmin {
  answer(request: AdminRequest): Answer;
}

/** @param url what a client names by `resource` to come in here. */
export function createOtherAdmin(
  url: string,
  flaws: readonly string[],
  parts: { readonly state: OtherState; readonly people: OtherPeople },
): OtherAdmin {
  const { state, people } = parts;
  const verbs = createOtherVerbs(flaws, parts);

  function actorOf(token: string): Actor | null {
    const person = people.holderOf(token);
    if (person !== null) return { id: person.id, permissions: permissionsOf(state.read(), person.roles) };
    const { claims } = openToken(token);
    const id = String(claims.sub);
    const client = state.read().clients[id];
    const isForUs = claims.aud === url || flaws.includes('takes-any-audience');
    if (client === undefined || !isForUs) return null;
    const asIssued = claims.permissions as string[];
    return flaws.includes('keeps-removed-rights')
      ? { id, permissions: asIssued }
      : { id, permissions: permissionsOf(state.read(), client.roles) };
  }

  return {
    answer({ on, token, query, ifMatch, body }) {
      const [method, path = ''] = on.split(' ');
      const [, noun = '', name = '', links = '', link = ''] = path.split('/');
      const shape = [noun, name && '{name}', links, link && '{link}'].filter((part) => part !== '');
      const verb = verbs[`${method} /${shape.join('/')}`];
      if (verb === undefined) return refusal(404, 'not_found');
      const by = actorOf(token);
      if (by === null) return refusal(401, 'invalid_token');
      const isAdmitted = covers(by, verb.needs) || flaws.includes('admits-everyone-as-admin');
      if (!isAdmitted) return refusal(403, 'insufficient_permission');
      return verb.does({ by, name, link, query, ifMatch, body });
    },
  };
}
