import { sql } from 'kysely'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import type { TestApp } from '../support/app.ts'
import { CLIENT } from './oidcServers.ts'
import { COOKIE, withHeaders } from './people.ts'

export const NETWORKS = { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' }

/** Adds an identity provider. */
export async function addProvider(
  app: TestApp,
  tenantId: string | null,
  issuer: string,
  more: Record<string, unknown> = {},
): Promise<SsoProvider> {
  const body = {
    tenantId,
    name: 'Sign-on',
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    ...more,
  }
  const made = await app.admin.post<SsoProvider>('/api/admin/sso-providers', body)
  if (made.status !== 201) throw new Error(`no provider: ${JSON.stringify(made.body)}`)
  return made.body
}

/** Connects somebody with a subject, as if he had done so himself. */
export const connected = (app: TestApp, userId: string, { id, issuer }: SsoProvider, subject: string) =>
  app.as((ctx) =>
    sql`insert into user_identities (id, user_id, provider_id, issuer, subject, created_at)
      values (${newId()}, ${userId}, ${id}, ${issuer}, ${subject}, now())`.execute(ctx.tx),
  )

/** A browser on its way through a provider. */
export type OnTheWay = { url: URL; browser: string; secret: (name: 'state' | 'nonce') => string }

const cookieOf = (headers: Headers, name: string): string | undefined =>
  headers
    .getSetCookie()
    .map((cookie) => new RegExp(`^${name}=([\\w-]+);`).exec(cookie)?.[1])
    .find((value) => value !== undefined)

/** Begins a log-in, or with `session` a connection. */
export async function begin(
  app: TestApp,
  what: { email: string } | { providerId: string; session: string },
  returnTo = '/t/all/account/security',
): Promise<OnTheWay> {
  const begun =
    'session' in what ? await beginLink(app, what, returnTo) : await beginLogin(app, what, returnTo)
  const url = new URL(begun.url)
  return {
    url,
    browser: begun.browser,
    secret: (name) => url.searchParams.get(name) ?? '',
  }
}

/** Without the limit of calls. */
const beginLogin = (app: TestApp, { email }: { email: string }, returnTo: string) =>
  authService.beginSso(app.root, { email, returnTo })

async function beginLink(
  app: TestApp,
  { providerId, session }: { providerId: string; session: string },
  returnTo: string,
): Promise<{ url: string; browser: string }> {
  const api = await withHeaders(app, { cookie: `${COOKIE}=${session}` })
  const { status, body, headers } = await api.post<{ url: string }>('/api/auth/identities', {
    providerId,
    returnTo,
  })
  if (status !== 200) throw new Error(`not begun: ${JSON.stringify(body)}`)
  return { url: body.url, browser: cookieOf(headers, `${COOKIE}-sso`) ?? '' }
}

export type Back = { status: number; location: URL; session: string | undefined; device: string | undefined }

/** The browser comes back to mPanel. */
export async function comeBack(
  app: TestApp,
  providerId: string,
  query: Record<string, string> | URLSearchParams,
  cookies: { browser?: string; session?: string } = {},
): Promise<Back> {
  const cookie = [
    ...(cookies.browser === undefined ? [] : [`${COOKIE}-sso=${cookies.browser}`]),
    ...(cookies.session === undefined ? [] : [`${COOKIE}=${cookies.session}`]),
  ].join('; ')
  const api = await withHeaders(app, { cookie })
  const answer = await api.get(
    `/api/auth/sso/${providerId}/callback?${new URLSearchParams(query).toString()}`,
  )
  return {
    status: answer.status,
    location: new URL(answer.headers.get('location') ?? '/nowhere', app.url),
    session: cookieOf(answer.headers, COOKIE),
    device: cookieOf(answer.headers, `${COOKIE}-device`),
  }
}
