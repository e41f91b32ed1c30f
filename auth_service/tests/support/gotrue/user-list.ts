import { requireAdmin } from './bearer.ts';
import type { Answer, Call } from './call.ts';
import { Refusal } from './refusal.ts';
import type { GotrueUser } from './store.ts';
import { viewUser } from './user-view.ts';
import type { World } from './world.ts';

const PER_PAGE = 50;

/** GET /admin/users */
export function listUsers(world: World, call: Call): Answer {
  requireAdmin(world, call);
  const page = readNumber(call, 'page', 1);
  const perPage = readNumber(call, 'per_page', PER_PAGE);
  const filter = call.query.get('filter') ?? '';
  const found = [...world.store.users.values()].filter((user) => matches(user, filter));
  // Users of one instant stand in the order in which they came.
  found.sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  if (!isAscending(call.query.get('sort') ?? '')) found.reverse();
  const shown = found.slice((page - 1) * perPage, page * perPage);
  return {
    status: 200,
    headers: { 'x-total-count': String(found.length), link: linkTo(call, page, perPage, found.length) },
    body: { users: shown.map(viewUser), aud: 'authenticated' },
  };
}

function matches({ email, userMetadata }: GotrueUser, filter: string): boolean {
  const name = userMetadata.full_name;
  if (filter === '' || email.includes(filter)) return true;
  return typeof name === 'string' && name.toLowerCase().includes(filter.toLowerCase());
}

function isAscending(sort: string): boolean {
  const [field = '', direction = 'asc', ...more] = sort.split(' ');
  if (sort === '') return false;
  if (field !== 'created_at' || more.length > 0) {
    throw new Refusal(400, 'validation_failed', `Bad Sort Parameters: bad field for sort '${field}'`);
  }
  if (direction !== 'asc' && direction !== 'desc') {
    throw new Refusal(400, 'validation_failed', `Bad Sort Parameters: bad direction for sort '${direction}'`);
  }
  return direction === 'asc';
}

function readNumber(call: Call, name: string, byDefault: number): number {
  const text = call.query.get(name) ?? '';
  if (text === '') return byDefault;
  if (!/^\d+$/.test(text)) {
    throw new Refusal(
      400,
      'validation_failed',
      `Bad Pagination Parameters: strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  }
  return Number(text) || byDefault;
}

/** auth-js takes the first `=` after `<` for the page's, which alphabetical keys give it. */
function linkTo(call: Call, page: number, perPage: number, total: number): string {
  const last = Math.max(1, Math.ceil(total / perPage));
  const query = new URLSearchParams(call.query);
  query.set('per_page', String(perPage));
  const link = (number: number, rel: string) => {
    query.set('page', String(number));
    query.sort();
    return `</admin/users?${query}>; rel="${rel}"`;
  };
  return [...(page < last ? [link(page + 1, 'next')] : []), link(last, 'last')].join(', ');
}
