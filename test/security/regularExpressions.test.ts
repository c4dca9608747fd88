import { checkSync } from 'recheck'
import { expect, test } from 'vitest'
import { readSources } from '../../scripts/sources.ts'

const found = readSources(new URL('../..', import.meta.url).pathname, ['src', 'shared', 'sim', 'web/src'])
  .flatMap(({ file, patterns }) => patterns.map((pattern) => ({ file, ...pattern })))
  .filter(({ pattern }, index, all) => all.findIndex((other) => other.pattern === pattern) === index)

test('the check knows an expression that takes exponential time', () => {
  expect(checkSync('^(a+)+$', '').status).toBe('vulnerable')
  expect(found.length).toBeGreaterThan(50)
})

test.each(found.map((one) => [`/${one.pattern}/${one.flags}`, one] as const))(
  '%s takes no input for longer than its length allows',
  (_, { pattern, flags, file, line }) => {
    const { status, ...more } = checkSync(pattern, flags, { timeout: 30_000 })
    const why = JSON.stringify('attack' in more ? more.attack : more).slice(0, 500)
    expect(status, `${file}:${line} ${why}`).toBe('safe')
  },
)
