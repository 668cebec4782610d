import { describe, expect, it } from '@jest/globals';
import { LARGEST_NOTICE_BYTES, noticeOf, readNotice } from '../../../src/inventory/keeper/mark-notice.ts';
import { repositoryIn } from '../../../src/inventory/repository-event.ts';

const read = (value: unknown) => readNotice(Buffer.from(JSON.stringify(value)));
const one = { id: 17, project_key: 'PLAT', slug: 'gateway' };

describe('a notice of marked repositories', () => {
  it('names id, project and slug', () => {
    expect(read({ repositories: [one] })).toEqual([{ sourceId: 17, projectKey: 'PLAT', slug: 'gateway' }]);
    expect(read({ repositories: [] })).toEqual([]);
  });

  it.each([
    ['a list', [one], /^the notice: /],
    ['another member', { repositories: [], more: 1 }, /^the notice: .*"more"/],
    ['another member inside', { repositories: [{ ...one, x: 1 }] }, /^repositories\.0: /],
    ['no list', { repositories: { 0: one } }, /^repositories: /],
    ['an id that is none', { repositories: [{ ...one, id: -1 }] }, /^repositories\.0\.id: is no id/],
    ['an id as text', { repositories: [{ ...one, id: '17' }] }, /^repositories\.0\.id: /],
    ['an id over all', { repositories: [{ ...one, id: 2 ** 49 }] }, /^repositories\.0\.id: is no id/],
    ['an empty slug', { repositories: [one, { ...one, slug: '' }] }, /^repositories\.1\.slug: is no name/],
    ['a long key', { repositories: [{ ...one, project_key: 'x'.repeat(256) }] }, /project_key: is no name/],
    ['half a letter', { repositories: [{ ...one, slug: '\ud800' }] }, /slug: is no name/],
    ['too many', { repositories: Array.from({ length: 1_001 }, () => one) }, /^repositories: /],
  ])('is not one with %s', (_what, value, reason) => {
    expect(read(value)).toMatch(reason);
  });

  it.each(['', '{', '\u0000', '{"repositories":[]} x'])('is not %j', (text) => {
    expect(readNotice(Buffer.from(text))).toBe('is not JSON in UTF-8');
  });

  it('is not bytes that are no UTF-8', () => {
    expect(readNotice(Buffer.from('{"repositories":[],"\xff":1}', 'latin1'))).toBe('is not JSON in UTF-8');
  });

  it('shows nothing that steers a terminal', () => {
    expect(read({ '\u001b[2J\n': 1, repositories: [] })).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    'gateway',
    '\u0000"\\',
    '\ud800',
    '\u{1f600}',
    '\u0001'.repeat(255),
  ])('takes whatever webhooks mark: %j', (slug) => {
    const event = { repository: { id: 2 ** 48, slug, project: { key: slug } } };
    const place = repositoryIn('repo:refs_changed', Buffer.from(JSON.stringify(event)));
    if (place === null) throw new Error('marks nothing');
    const body = Buffer.from(noticeOf(Array.from({ length: 100 }, () => place)));
    expect(readNotice(body)).toEqual(Array.from({ length: 100 }, () => place));
    expect(body.length).toBeLessThan(LARGEST_NOTICE_BYTES);
  });
});
