import { describe, expect, it } from '@jest/globals';
import { createEntityIds, entityId } from '../../src/inventory/entity-id.ts';

const baseUrl = 'https://git.corp.example/bitbucket';

describe('the id of an entity', () => {
  it("is what Python's uuid5(uuid5(NAMESPACE_URL, base URL), type:number) is", () => {
    expect(entityId(baseUrl, 'repository', 11)).toBe('d8be9178-365a-5a9e-a9d4-c060bb4be661');
    expect(entityId(baseUrl, 'user', 41)).toBe('6757ba7b-a3a3-5c26-b392-3e8631ab0c37');
  });

  it('differs by type, number and Bitbucket', () => {
    const other = createEntityIds('https://git.corp.example');
    const ids = createEntityIds(baseUrl);
    const made = [ids('user', 1), ids('repository', 1), ids('user', 11), other('user', 1)];
    expect(new Set(made).size).toBe(4);
    expect(ids('user', 1)).toBe(made[0]);
  });
});
