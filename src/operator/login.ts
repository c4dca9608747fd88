import { createClient, MPanelError } from '../../packages/client/src/index.ts'
import type { OperatorConfig } from '../config.ts'
import { asker, type Asker } from './ask.ts'
import { addressOf, connectionOf, forget, keep, read, type Kept } from './credentials.ts'
import { CommandFailed, EXIT, wrongUse } from './failures.ts'
import { print, type Printer } from './output.ts'

type LoginOptions = { url?: string | undefined; email?: string | undefined }

/** Asks who it is, and keeps the credential once mPanel has accepted it. */
export async function login(config: OperatorConfig, options: LoginOptions, out: Printer): Promise<void> {
  const { ask, close } = asker()
  try {
    const url = addressOf(options.url ?? config.url ?? (await ask('Address of mPanel: ')))
    const apiKey =
      options.email === undefined
        ? await ask('API key (empty: log in with e-mail and password): ', { hidden: true })
        : ''
    if (apiKey !== '' && !apiKey.startsWith('mp_')) throw wrongUse('An API key begins with mp_')
    const credential = apiKey === '' ? await session(url, options.email, ask) : { apiKey }
    const kept: Kept = { url, credential }
    const me = await createClient(kept).getMe()
    await keep(config.credentials, kept)
    out(me, () => print(`Logged in to ${url} as ${me.user.email}.`))
  } finally {
    close()
  }
}

/** A session, whose cookie is the credential: it ends by itself after half a day. */
async function session(
  url: string,
  named: string | undefined,
  ask: Asker['ask'],
): Promise<{ cookie: string }> {
  const email = named ?? (await ask('E-mail: '))
  const password = await ask('Password: ', { hidden: true })
  const nobody = createClient({ url, credential: null })
  const first = await nobody.answer.login({ body: { email, password } })
  const cookie = cookieOf(first.headers)
  if (!('mfaRequired' in first.data)) return { cookie }
  if (!first.data.methods.includes('code'))
    throw new CommandFailed(
      EXIT.refused,
      'The second factor of this account is a passkey, which only a browser can ask for. Use an API key.',
    )
  const code = await ask('Code of your authenticator app, or a recovery code: ')
  const second = await createClient({ url, credential: { cookie } }).answer.verifyMfa({ body: { code } })
  return { cookie: cookieOf(second.headers) }
}

/** The session is the cookie that is no memory of a known device. */
function cookieOf(headers: Headers): string {
  const pairs = headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  const found = pairs.find((pair) => !pair.split('=')[0]?.endsWith('-device'))
  if (found === undefined) throw new CommandFailed(EXIT.refused, 'The server gave no session.')
  return found
}

/** Ends the session at the server, and forgets the credential here also if that fails. */
export async function logout(config: OperatorConfig, out: Printer): Promise<void> {
  const kept = await read(config.credentials)
  if (!kept) throw new CommandFailed(EXIT.notLoggedIn, 'Nobody is logged in.')
  const done = { url: kept.url, ended: 'cookie' in kept.credential }
  try {
    if (done.ended) await createClient({ ...kept, retries: 1 }).logout()
  } catch (error) {
    done.ended = error instanceof MPanelError && error.status === 401
  } finally {
    await forget(config.credentials)
  }
  out(done, () => {
    if ('apiKey' in kept.credential)
      print(`Forgotten. The API key stays valid: revoke it at ${kept.url} if it is not needed.`)
    else if (done.ended) print(`Logged out of ${kept.url}.`)
    else print(`Forgotten, but ${kept.url} did not answer: the session ends there by itself.`)
  })
}

export async function whoami(config: OperatorConfig, out: Printer): Promise<void> {
  const kept = await connectionOf(config)
  const me = await createClient(kept).getMe()
  out(me, () => {
    print(`${me.user.name} <${me.user.email}> at ${kept.url}`)
    print('apiKey' in kept.credential ? 'by an API key' : 'in a session')
    for (const { name, tenantId } of me.roles)
      print(
        `  ${name}${tenantId === null ? '' : ` in ${me.tenants.find(({ id }) => id === tenantId)?.name ?? tenantId}`}`,
      )
  })
}
