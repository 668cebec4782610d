import { type Answer, json } from './answers.ts';
import { userJson } from './entities.ts';
import { failed, unnamed } from './errors.ts';
import { page } from './pages.ts';
import type { Ask, Route } from './route.ts';
import { withRepository } from './sight.ts';

type Json = Record<string, unknown>;

/** The JSON object of the body, or why it is none. */
function received(ask: Ask): Json | Answer {
  try {
    const value: unknown = JSON.parse(ask.body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    return unnamed(400, 'The body is not JSON.');
  }
  return unnamed(400, 'The body is not a JSON object.');
}

function isAnswer(value: Json | Answer): value is Answer {
  return Buffer.isBuffer(value.body);
}

function listWebhooks(ask: Ask): Answer {
  return withRepository(ask, (repository) => {
    const hooks = ask.site.webhooks.get(repository.index) ?? [];
    const rows = { length: hooks.length, at: (row: number) => hooks[row] };
    const listing = { rows, shown: () => true, write: (hook: Json | undefined) => hook };
    return json(200, page(ask.query, listing, { cap: 1000 }));
  });
}

/** Answers 201 with what was sent, completed; the secret comes back as it was given, as on a real server. */
function createWebhook(ask: Ask): Answer {
  return withRepository(ask, (repository) => {
    const given = received(ask);
    if (isAnswer(given)) return given;
    const {
      name,
      url,
      events = [],
      active = true,
      configuration = {},
      sslVerificationRequired = true,
    } = given;
    if (typeof name !== 'string' || typeof url !== 'string' || !Array.isArray(events)) {
      return failed('argument', 'A webhook has a name, a url and a list of events.', 'url');
    }
    if (repository.archived)
      return unnamed(409, `Repository ${repository.slug} is archived and can't be changed.`);
    const hooks = ask.site.webhooks.get(repository.index) ?? [];
    ask.site.webhooks.set(repository.index, hooks);
    const at = ask.site.now();
    const own = {
      id: hooks.length + 1,
      name,
      createdDate: at,
      updatedDate: at,
      events,
      configuration,
      url,
      active,
    };
    const hook = { ...own, scopeType: 'repository', sslVerificationRequired };
    hooks.push(hook);
    return json(201, hook);
  });
}

/** The pull requests that every repository with commits has. */
const PULL_REQUESTS = 3;

function comment(ask: Ask): Answer {
  return withRepository(ask, (repository, project) => {
    const number = Number(ask.params.id);
    if (repository.empty || !Number.isInteger(number) || number < 1 || number > PULL_REQUESTS) {
      const where = `${project.key}/${repository.slug}`;
      return failed('pullRequest', `Pull request ${ask.params.id} does not exist in ${where}.`);
    }
    const given = received(ask);
    if (isAnswer(given)) return given;
    const words = given.text;
    if (typeof words !== 'string' || words === '') return failed('argument', 'A comment has a text.', 'text');
    const author = ask.site.world.userByName(ask.caller.name ?? '');
    const at = ask.site.now();
    const by = author ? { author: userJson(ask.site, author) } : {};
    const state = { comments: [], threadResolved: false, severity: 'NORMAL', state: 'OPEN' };
    return json(201, { id: 1, version: 0, text: words, ...by, createdDate: at, updatedDate: at, ...state });
  });
}

/** The endpoints that change something, and the list of what they made. */
export const WRITES: readonly Route[] = [
  {
    method: 'GET',
    path: 'projects/:key/repos/:slug/webhooks',
    access: 'admin',
    steady: false,
    run: listWebhooks,
  },
  {
    method: 'POST',
    path: 'projects/:key/repos/:slug/webhooks',
    access: 'admin',
    steady: false,
    run: createWebhook,
  },
  {
    method: 'POST',
    path: 'projects/:key/repos/:slug/pull-requests/:id/comments',
    access: 'login',
    steady: false,
    run: comment,
  },
];
