import { sql } from 'kysely'
import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { ceremonyOf, register, softwareAuthenticator } from '../users/authenticator.ts'
import { person, session } from '../users/people.ts'
import type { Case, Made } from './cases.ts'

const ORIGIN = 'https://panel.example.com'

/** Somebody in a session of his own. Passkeys need a host name, which the tests' server has none of. */
async function own(app: TestApp): Promise<Api> {
  app.root.settings.publicUrl = ORIGIN
  return (await session(app, (await person(app, 'SUPPORT')).email)).api
}

async function withPasskey(app: TestApp): Promise<{ caller: Api; id: string }> {
  const caller = await own(app)
  const { status, body } = await register(caller, softwareAuthenticator(ORIGIN))
  if (status !== 201) throw new Error(`the case could not be prepared: ${JSON.stringify(body)}`)
  return { caller, id: body.id }
}

const provider = (tenantId: string) => ({
  tenantId,
  name: 'Sign-on',
  issuer: 'https://127.0.0.1:9',
  clientId: 'mpanel',
  clientSecret: 'a secret of the client',
  domains: [`d${newId()}.example.com`],
})

/** An identity provider of a tenant, which nobody can reach. */
export async function ssoProviderIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { status, body } = await app.admin.post<{ id: string }>(
    '/api/admin/sso-providers',
    provider(tenantId),
  )
  if (status !== 201) throw new Error(`the case could not be prepared: ${JSON.stringify(body)}`)
  return { id: body.id }
}

const credential = {
  id: 'AAAA',
  clientDataJSON: 'AAAA',
  authenticatorData: 'AAAA',
  signature: 'AAAA',
  userHandle: null,
}

export const passkeyCases: Record<string, Case> = {
  beginPasskeyLogin: async () => ({}),
  loginByPasskey: async () => ({ body: { ceremony: newId(), credential } }),
  beginMfa: async () => ({}),
  beginStepUp: async (app) => ({ caller: await own(app) }),
  getPasskeys: async () => ({}),
  beginPasskey: async (app) => ({ caller: await own(app) }),
  addPasskey: async (app) => {
    const caller = await own(app)
    const asked = await ceremonyOf(caller, '/api/auth/passkeys/options')
    const made = softwareAuthenticator(ORIGIN).create(asked)
    return { caller, body: { ceremony: asked.ceremony, name: 'Key', credential: made } }
  },
  renamePasskey: async (app) => ({ ...(await withPasskey(app)), body: { name: newId() } }),
  removePasskey: withPasskey,
  beginSso: async () => ({ body: { email: 'nobody@example.com' } }),
  finishSso: async () => ({ id: newId() }),
  getIdentities: async () => ({}),
  beginSsoLink: async () => ({ body: { providerId: newId(), returnTo: '/' } }),
  getStepUpWays: async () => ({}),
  beginSsoStepUp: async () => ({ body: { providerId: newId(), returnTo: '/' } }),
  removeIdentity: async (app, tenantId) => {
    const { id: providerId } = await ssoProviderIn(app, tenantId)
    const user = await person(app, 'TENANT_USER', tenantId)
    const id = newId()
    await app.as((ctx) =>
      sql`insert into user_identities (id, user_id, provider_id, issuer, subject, created_at)
        values (${id}, ${user.id}, ${providerId}, 'https://id.example.com', ${id}, now())`.execute(ctx.tx),
    )
    return { caller: (await session(app, user.email)).api, id }
  },
  listSsoProviders: async () => ({}),
  createSsoProvider: async (_, tenantId) => ({ body: provider(tenantId) }),
  getSsoProvider: ssoProviderIn,
  updateSsoProvider: async (app, tenantId): Promise<Made> => ({
    ...(await ssoProviderIn(app, tenantId)),
    body: { name: newId() },
  }),
  deleteSsoProvider: ssoProviderIn,
  checkSsoProvider: ssoProviderIn,
}
