import { sql } from 'kysely'
import type { KeyResource } from '../../shared/api/apiKeys.ts'
import type { BuiltinRole, Permission } from '../../shared/permissions.ts'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import * as userService from '../../src/services/userService.ts'
import { createApi, renewed, type Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'

export const PASSWORD = 'correct-horse-battery'
export const COOKIE = '__Host-mpanel'

export type Person = { id: string; email: string }

/** A new user with one role. */
export async function person(
  app: TestApp,
  role: BuiltinRole,
  tenantId: string | null = null,
): Promise<Person> {
  const email = `${role.toLowerCase()}-${newId().slice(-12)}@example.com`
  const { id } = await app.as((ctx) =>
    userService.createUser(ctx, { email, name: email, password: PASSWORD, role, tenantId }),
  )
  return { id, email }
}

/** A caller with an API key of a user: log-ins over HTTP are limited, keys are not. */
export async function keyOf(
  app: TestApp,
  email: string,
  more: {
    tenantId?: string | null
    scopes?: readonly Permission[]
    days?: number
    resources?: readonly KeyResource[]
  } = {},
): Promise<{ api: Api; token: string; id: string }> {
  const { tenantId = null, scopes = [], ...limits } = more
  const { token, id } = await app.as((ctx) =>
    userService.createApiKey(ctx, { email, name: 'test', scopes, tenantId, ...limits }),
  )
  return { api: await createApi(app.url, { key: token }), token, id }
}

/** A caller with a key of a new user with one role. */
export const roleKey = async (
  app: TestApp,
  role: BuiltinRole,
  tenantId: string | null = null,
): Promise<Api> => (await keyOf(app, (await person(app, role, tenantId)).email)).api

/** A session as the log-in makes it, without its limit of calls. */
export async function session(app: TestApp, email: string): Promise<{ token: string; api: Api }> {
  const { token } = await authService.login(app.root, systemOrigin('test', newId()), {
    email,
    password: PASSWORD,
  })
  return { token, api: await withHeaders(app, { cookie: `${COOKIE}=${token}` }) }
}

/** A caller that always sends these headers. */
export async function withHeaders(app: TestApp, given: Record<string, string>): Promise<Api> {
  const plain = await createApi(app.url, undefined)
  let own = given
  const call: Api['call'] = async <T>(...[method, path, body, headers = {}]: Parameters<Api['call']>) => {
    const answer = await plain.call<T>(method, path, body, { ...own, ...headers })
    if ('cookie' in own) own = renewed(own, path, answer)
    return answer
  }
  return {
    call,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
  }
}

/** Decides whether a built-in role needs a second factor, as an administrator does. */
export async function setMfaPolicy(app: TestApp, key: BuiltinRole, requiresMfa: boolean): Promise<void> {
  const { body } = await app.admin.get<{ items: { id: string; key: string }[] }>(
    '/api/admin/users/roles?kind=builtin',
  )
  const id = body.items.find((role) => role.key === key)?.id
  const answer = await app.admin.call('PATCH', `/api/admin/users/roles/${id}`, { requiresMfa })
  if (answer.status !== 200) throw new Error(`not decided: ${JSON.stringify(answer.body)}`)
}
/** The id of a built-in role. */
export const roleId = (app: TestApp, role: BuiltinRole): Promise<string> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{ id: string }>`select id from roles where key = ${role} and builtin`.execute(
      ctx.tx,
    )
    return rows[0]?.id ?? ''
  })
