import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles } from '../../scripts/sources.ts'
import { hashPassword, isOutdated } from '../../src/lib/password.ts'
import { ROOT } from '../rules/tree.ts'

const files = ['src', 'shared', 'bin'].flatMap((folder) => listFiles(ROOT, folder, /\.(ts|mjs)$/))
const linesOf = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').split('\n')
const found = (pattern: RegExp, except: readonly string[] = []): string[] =>
  files
    .filter((file) => !except.some((name) => file.startsWith(name)))
    .flatMap((file) =>
      linesOf(file).flatMap((line, index) =>
        pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [],
      ),
    )

/** A secret compared with `===` tells by its time how much of it was right. Being absent may be asked. */
const COMPARISON =
  /\b\w*(token|secret|signature|hmac|digest|mac|passwordHash)\b\s*[!=]==?\s*(?!undefined|null|'|\d|typeof)\w/i

test('secrets are looked up by their hash or compared in constant time, never with ===', () => {
  expect(COMPARISON.test('if (token === given) return')).toBe(true)
  expect(COMPARISON.test('if (token === undefined) return')).toBe(false)
  expect(found(COMPARISON)).toEqual([])
})

test('no shell is started: programs get their arguments as a list', () => {
  const shell = /\b(execSync|exec)\(|shell:\s*true/
  const regExpExec = /\.exec\(/
  expect(found(shell).filter((line) => !regExpExec.test(line))).toEqual([])
})

test('no code is made from text', () => {
  expect(found(/\beval\(|new Function\(|setTimeout\(\s*['"`]/)).toEqual([])
})

test('nothing random that matters comes from Math.random', () => {
  // Spreading retries and renewals in time needs no secret.
  expect(found(/Math\.random/, ['src/lib/backoff.ts', 'src/lib/x509/renewal.ts'])).toEqual([])
})

test('raw fragments of SQL stand in src/db only', () => {
  expect(found(/sql\.raw\(/, ['src/db'])).toEqual([])
})

test('passwords are hashed with argon2id and at least 19 MiB in two passes', async () => {
  const hash = await hashPassword('correct-horse-battery')
  const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(hash) ?? []
  expect(Number(memory)).toBeGreaterThanOrEqual(19_456)
  expect(Number(passes)).toBeGreaterThanOrEqual(2)
  expect(isOutdated(hash)).toBe(false)
  expect(isOutdated(hash.replace('t=2', 't=1'))).toBe(true)
})
