import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { enrol, passwordStep } from '../users/factors.ts'
import { COOKIE, person, session } from '../users/people.ts'

let app: TestApp
/** The token of somebody who has given the password and not yet a code. */
let pending: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  const { email } = await person(app, 'SUPPORT')
  await enrol(app, (await session(app, email)).api)
  pending = (await passwordStep(app, email)).token
})
afterAll(() => app.close())

const GUESSES = 1_000
const send = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<number> => {
  const answer = await fetch(app.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
  })
  await answer.arrayBuffer()
  return answer.status
}

/** Ten at a time, a thousand in all: how often each status was answered. */
async function flood(guess: (n: number) => Promise<number>): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < GUESSES; n = next++) {
      const status = await guess(n)
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 10 }, lane))
  return counts
}

describe('of a thousand guesses from one address hardly any is judged, whatever headers they carry:', () => {
  test('at a password', async () => {
    const { email } = await person(app, 'SUPPORT')
    const counts = await flood((n) =>
      send(
        '/api/auth/login',
        { email, password: `guess-number-${n}` },
        { 'x-forwarded-for': `198.51.100.${n % 250}`, forwarded: `for=203.0.113.${n % 250}` },
      ),
    )
    expect(counts.get(429)).toBeGreaterThanOrEqual(GUESSES - 20)
    expect(new Set(counts.keys())).toEqual(new Set([401, 429]))
  })

  test('at the code of the second step', async () => {
    const cookie = `${COOKIE}=${pending}`
    const counts = await flood((n) => send('/api/auth/mfa', { code: String(n).padStart(6, '0') }, { cookie }))
    expect(counts.get(429)).toBeGreaterThanOrEqual(GUESSES - 20)
    expect(counts.has(200)).toBe(false)
  })
})

test('an API key is 256 random bits, so guesses are refused one by one and find nothing', async () => {
  const counts = await flood(async () => {
    const token = `mp_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`
    const answer = await fetch(`${app.url}/api/admin/tenants`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await answer.arrayBuffer()
    return answer.status
  })
  expect([...counts]).toEqual([[401, GUESSES]])
})

test('whoever has a session works on while that goes on', async () => {
  expect((await app.admin.get('/api/admin/tenants')).status).toBe(200)
})
