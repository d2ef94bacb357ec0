import { CAPACITY } from '../../nodes/TestivoraTrigger/ledger';
import { brokenLinksIn, readme, unknownScriptsIn } from './readme.mts';

describe.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'])('%s', (page) => {
  test('has no link that leads nowhere', () => {
    expect(brokenLinksIn(page)).toEqual([]);
  });

  test('names no npm script that does not exist', () => {
    expect(unknownScriptsIn(page)).toEqual([]);
  });
});

test('README.md tells how many events the trigger remembers', () => {
  expect(readme()).toContain(`last ${CAPACITY.toLocaleString('en')} events`);
});
