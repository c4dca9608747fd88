import type { BuiltinRole } from '../../shared/permissions.ts'
import type { Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { codeOf, enrol, tokenOf, withToken } from './factors.ts'
import { person, session, type Person } from './people.ts'

export type Operator = Person & { api: Api; token: string; secret: string; codes: string[] }

/** Somebody of the platform who has just proven himself with a second factor. */
export async function operator(app: TestApp, role: BuiltinRole = 'PLATFORM_ADMIN'): Promise<Operator> {
  const who = await person(app, role)
  const { api, token } = await session(app, who.email)
  const { secret, codes } = await enrol(app, api)
  const { status } = await api.post('/api/auth/step-up', { code: codeOf(app, secret) })
  if (status !== 204) throw new Error(`the operator could not prove himself: ${status}`)
  return { ...who, api, token, secret, codes }
}

export const REASON = 'The customer asked about an order'

/** An operator under another name. */
export async function actingAs(
  app: TestApp,
  userId: string,
  { readOnly = false, by }: { readOnly?: boolean; by?: Operator } = {},
): Promise<{ api: Api; token: string; by: Operator }> {
  const own = by ?? (await operator(app))
  const answer = await own.api.post(`/api/admin/users/${userId}/impersonation`, { reason: REASON, readOnly })
  if (answer.status !== 204) throw new Error(`not acting: ${answer.status} ${JSON.stringify(answer.body)}`)
  const token = tokenOf(answer)
  return { api: await withToken(app, token), token, by: own }
}
