import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { RecoveryCodes, TotpEnrolment } from '../../shared/api/authAccount.ts'
import type { Answer, Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { COOKIE, PASSWORD, withHeaders } from './people.ts'

/** What an authenticator app shows, `steps` of 30 seconds from now. */
export const codeOf = (app: TestApp, secret: string, steps = 0): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: app.root.now().getTime() + steps * 30_000,
  })

/** Gives the caller an authenticator app. The codes of this step and the next stay unused. */
export async function enrol(app: TestApp, api: Api): Promise<{ secret: string; codes: string[] }> {
  // Where a test trusts this machine as a proxy, each enrolment comes from an address of its own: they are limited by it.
  const from = { 'x-forwarded-for': `198.18.${randomInt(256)}.${randomInt(256)}` }
  const { body } = await api.post<TotpEnrolment>('/api/auth/mfa/totp', {}, from)
  const confirm = () => {
    const code = codeOf(app, body.secret, -1)
    return api.post<RecoveryCodes>('/api/auth/mfa/totp/confirm', { code }, from)
  }
  const first = await confirm()
  // A step may have ended between the making of the code and its reading: then it was too old.
  const confirmed = first.status === 422 ? await confirm() : first
  if (confirmed.status !== 200) throw new Error(`not enrolled: ${JSON.stringify(confirmed.body)}`)
  return { secret: body.secret, codes: confirmed.body.codes }
}

/** The token of the cookie that an answer sets. */
export const tokenOf = (answer: Answer<unknown>): string =>
  /=([\w-]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? ''

/** A caller that presents this session's token. */
export const withToken = (app: TestApp, token: string): Promise<Api> =>
  withHeaders(app, { cookie: `${COOKIE}=${token}` })

/** The first step of a log-in over HTTP, which leaves a pending session. */
export async function passwordStep(app: TestApp, email: string): Promise<{ token: string; api: Api }> {
  const api = await withHeaders(app, {})
  const answer = await api.post('/api/auth/login', { email, password: PASSWORD })
  if (answer.status !== 202) throw new Error(`no second factor was asked for: ${answer.status}`)
  const token = tokenOf(answer)
  return { token, api: await withToken(app, token) }
}
