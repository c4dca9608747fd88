import { sql } from 'kysely'
import type { SsoProvider } from '../../shared/api/authSso.ts'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import type { TestApp } from '../support/app.ts'
import { CLIENT, type Claims, type HostileProvider } from './oidcServers.ts'
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
  await prove(app, made.body)
  return made.body
}

/** As if DNS had shown whose the provider's domains are. */
export const prove = (app: TestApp, { id }: SsoProvider) =>
  app.as((ctx) => sql`update sso_domains set proven_at = now() where provider_id = ${id}`.execute(ctx.tx))

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

type What = { email: string; ip?: string } | { providerId: string; session: string; for?: 'step-up' }

/** Begins a log-in, or with `session` a connection or a fresh proof. */
export async function begin(
  app: TestApp,
  what: What,
  returnTo = '/t/all/account/security',
): Promise<OnTheWay> {
  const begun =
    'session' in what ? await beginInside(app, what, returnTo) : await beginLogin(app, what, returnTo)
  const url = new URL(begun.url)
  return {
    url,
    browser: begun.browser,
    secret: (name) => url.searchParams.get(name) ?? '',
  }
}

/** Without the limit of calls. */
const beginLogin = (app: TestApp, { email, ip }: { email: string; ip?: string }, returnTo: string) =>
  authService.beginSso(
    app.root,
    { ...systemOrigin('test', newId()), ...(ip !== undefined && { ip }) },
    { email, returnTo },
  )

async function beginInside(
  app: TestApp,
  { providerId, session, for: purpose }: { providerId: string; session: string; for?: 'step-up' },
  returnTo: string,
): Promise<{ url: string; browser: string }> {
  const api = await withHeaders(app, { cookie: `${COOKIE}=${session}` })
  const path = purpose === undefined ? '/api/auth/identities' : '/api/auth/step-up/sso'
  const { status, body, headers } = await api.post<{ url: string }>(path, { providerId, returnTo })
  if (status !== 200) throw new Error(`not begun: ${JSON.stringify(body)}`)
  return { url: body.url, browser: cookieOf(headers, `${COOKIE}-sso`) ?? '' }
}

/** What an honest provider would say, but for what is changed. */
export const claimsFor = (idp: HostileProvider, way: OnTheWay, more: Claims = {}): Claims => {
  const now = Math.floor(Date.now() / 1000)
  const nonce = way.secret('nonce')
  return { iss: idp.issuer, aud: CLIENT.id, sub: 'bob', iat: now, exp: now + 60, nonce, ...more }
}

/** A provider that says what it is told to says this of a browser on its way, and sends it back. */
export function backFrom(
  app: TestApp,
  { idp, provider, way }: { idp: HostileProvider; provider: SsoProvider; way: OnTheWay },
  more: Claims = {},
  cookies: { session?: string; ip?: string } = {},
): Promise<Back> {
  idp.claims = claimsFor(idp, way, more)
  const query = { code: 'a', state: way.secret('state') }
  return comeBack(app, provider.id, query, { browser: way.browser, ...cookies })
}

export type Back = { status: number; location: URL; session: string | undefined; device: string | undefined }

/** The browser comes back to mPanel. */
export async function comeBack(
  app: TestApp,
  providerId: string,
  query: Record<string, string> | URLSearchParams,
  cookies: { browser?: string; session?: string; ip?: string } = {},
): Promise<Back> {
  const cookie = [
    ...(cookies.browser === undefined ? [] : [`${COOKIE}-sso=${cookies.browser}`]),
    ...(cookies.session === undefined ? [] : [`${COOKIE}=${cookies.session}`]),
  ].join('; ')
  const api = await withHeaders(app, {
    cookie,
    ...(cookies.ip !== undefined && { 'x-forwarded-for': cookies.ip }),
  })
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
