import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import type { TestApp } from '../support/app.ts'
import { ceremonyOf, register, softwareAuthenticator } from '../users/authenticator.ts'
import { person, session } from '../users/people.ts'
import type { Case } from './cases.ts'

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
}
