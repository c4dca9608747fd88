import { expect, test } from 'vitest'
import { checkDocs } from '../../scripts/checkDocs.ts'
import { ROOT, makeTree } from './tree.ts'

test('every path that the documentation names exists', () => {
  expect(checkDocs(ROOT)).toEqual([])
})

test.each([
  ['a file that is gone', 'See `src/services/userService.ts`.', 'does not exist'],
  ['a folder that is gone', 'Look into `migrations/`.', 'does not exist'],
  ['a root file that is gone', 'Set it in `vitest.config.ts`.', 'does not exist'],
  ['a pattern that nothing matches', 'One file each: `src/db/<stem>.ts`.', 'does not exist'],
  ['a line of a file', 'See `docs/page.md:12`.', 'names a line'],
  ['a line in a link', 'See `docs/page.md#L3-L9`.', 'names a line'],
])('%s is refused', (_, text, reason) => {
  expect(checkDocs(makeTree({ 'docs/page.md': text }))).toEqual([expect.stringContaining(reason)])
})

test('commands, names, patterns and blocks of code are not taken for paths', () => {
  const text = [
    '`docs/page.md` `docs/` `docs/*.md` `docs/<name>.md` `docs/decisions/0001-….md`',
    '`/api/admin/users` `npm start` `text/plain` `ready/blocked` `@scope/name` `https://x.test/src/y.ts`',
    '```\nsrc/not/there.ts `src/not/there.ts`\n```',
  ].join('\n')
  expect(
    checkDocs(makeTree({ 'README.md': text, 'docs/page.md': '', 'docs/decisions/0001-x.md': '' })),
  ).toEqual([])
})

test('a folder of src that the map does not show is refused', () => {
  const tree = makeTree({
    'docs/ARCHITECTURE.md': 'routes/',
    'src/routes/index.ts': '',
    'src/jobs/index.ts': '',
  })
  expect(checkDocs(tree)).toEqual(['docs/ARCHITECTURE.md does not show src/jobs/'])
})
