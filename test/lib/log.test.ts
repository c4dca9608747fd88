import { expect, test } from 'vitest'
import { createLogger } from '../../src/lib/log.ts'

function lines(write: (log: ReturnType<typeof createLogger>) => void, level = 'trace'): string[] {
  const written: string[] = []
  write(createLogger({ level, stream: { write: (line) => void written.push(line) } }))
  return written
}
const CANARY = 'canary-4711'
const NAMES = [
  'password',
  'secret',
  'token',
  'tokenSecret',
  'authorization',
  'cookie',
  'apiKey',
  'cipassword',
]

test.each(NAMES)('the value of %s reaches no line, down to the fourth level of what is logged', (name) => {
  const [text] = lines((log) =>
    log.info({ [name]: CANARY, a: { [name]: CANARY, b: { [name]: CANARY, c: { [name]: CANARY } } } }, 'x'),
  )
  expect(text).toContain('[redacted]')
  expect(text).not.toContain(CANARY)
})

test('the headers of a request do not show how its sender logged in', () => {
  const headers = { authorization: `Bearer ${CANARY}`, cookie: `__Host-mpanel=${CANARY}`, accept: '*/*' }
  const [text] = lines((log) => log.warn({ request: { headers } }, 'x'))
  expect(text).not.toContain(CANARY)
  expect(text).toContain('*/*')
})

test('an error is logged with its message and stack', () => {
  const [text] = lines((log) => log.error({ err: new Error('broken', { cause: new Error('why') }) }, 'x'))
  const line = JSON.parse(text ?? '') as { level: string; err: { message: string; stack: string } }
  expect(line.level).toBe('error')
  expect(line.err.message).toContain('broken')
  expect(line.err.stack).toContain('log.test.ts')
})

test('a line is one line of JSON, whatever is written', () => {
  const written = lines((log) => log.info({ name: 'a\nb\r\u2028{"level":"fatal"}' }, 'two\nlines'))
  expect(written).toHaveLength(1)
  expect(written[0]?.trimEnd()).not.toContain('\n')
  expect(JSON.parse(written[0] ?? '')).toMatchObject({ level: 'info', msg: 'two\nlines' })
})

test('what is below the level is not written', () => {
  expect(lines((log) => log.debug('x'), 'info')).toEqual([])
  expect(lines((log) => log.error('x'), 'silent')).toEqual([])
})
