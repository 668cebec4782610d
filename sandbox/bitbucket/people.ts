import { json } from './answers.ts';
import { detailedUserJson, userJson } from './entities.ts';
import { failed } from './errors.ts';
import { page } from './pages.ts';
import { type Ask, get, manner, type Route } from './route.ts';
import type { User } from './users.ts';

/** Whether a user's login, name or address holds the text, in any case. */
function matches(user: User, filter: string | null): boolean {
  if (filter === null || filter === '') return true;
  const wanted = filter.toLowerCase();
  return [user.name, user.displayName, user.email ?? ''].some((part) => part.toLowerCase().includes(wanted));
}

function shown(ask: Ask, user: User): boolean {
  return !user.hidden || ask.caller.role === 'sysadmin';
}

function users(ask: Ask) {
  const { site, query } = ask;
  const filter = query.get('filter');
  const group = query.get('group');
  const listing = {
    rows: site.world.users,
    shown: (user: User) =>
      shown(ask, user) && matches(user, filter) && (group === null || site.world.isMember(group, user)),
    write: (user: User) => userJson(site, user),
  };
  return json(200, page(query, listing, manner(site, 'users')));
}

function oneUser(ask: Ask) {
  const slug = ask.params.slug ?? '';
  const user = ask.site.world.userBySlug(slug);
  if (!user || !shown(ask, user)) return failed('user', `User ${slug} does not exist.`);
  return json(200, userJson(ask.site, user));
}

/** Service users stand in `/users` only. */
function adminUsers(ask: Ask) {
  const { site, query } = ask;
  const filter = query.get('filter');
  const listing = {
    rows: site.world.users,
    shown: (user: User) => !user.service && shown(ask, user) && matches(user, filter),
    write: (user: User) => detailedUserJson(site, user),
  };
  return json(200, page(query, listing, manner(site, 'users')));
}

function groups({ site, query }: Ask) {
  const filter = (query.get('filter') ?? '').toLowerCase();
  const names = site.world.groups.filter((name) => name.toLowerCase().includes(filter));
  const listing = {
    rows: { length: names.length, at: (row: number) => names[row] ?? '' },
    shown: () => true,
    write: (name: string) => ({ name, deletable: name !== 'bitbucket-users' }),
  };
  return json(200, page(query, listing, manner(site, 'groups', { last: 'null' })));
}

function groupMembers(ask: Ask) {
  const { site, query } = ask;
  const group = query.get('context');
  if (group === null || group === '') return failed('argument', 'A group is required.', 'context');
  if (!site.world.groups.includes(group)) return failed('group', `Group ${group} does not exist.`);
  const filter = query.get('filter');
  const listing = {
    rows: site.world.users,
    shown: (user: User) => shown(ask, user) && site.world.isMember(group, user) && matches(user, filter),
    write: (user: User) => detailedUserJson(site, user),
  };
  return json(200, page(query, listing, manner(site, 'users', { skipping: 'cut' })));
}

/** The endpoints about people. */
export const PEOPLE: readonly Route[] = [
  get('users', 'login', users),
  get('users/:slug', 'login', oneUser),
  get('admin/users', 'licensed', adminUsers),
  get('admin/groups', 'licensed', groups),
  get('admin/groups/more-members', 'licensed', groupMembers),
];
