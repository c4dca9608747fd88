import { queryOptions } from '@tanstack/react-query'
import type {
  Ceremony,
  Passkey,
  PasskeyCreate,
  PasskeyCreated,
  PasskeyProof,
} from '../../../shared/api/authPasskeys.ts'
import { t } from '../../../shared/text.ts'
import { stepUp } from './account.ts'
import { ApiError } from './ApiError.ts'
import { get, patch, post, remove } from './http.ts'
import { giveSecondFactor, type Me } from './session.ts'

export type { Passkey }

const PATH = '/api/auth/passkeys'

export const passkeysQuery = queryOptions({
  queryKey: ['account', 'passkeys'],
  queryFn: ({ signal }) => get<{ items: Passkey[] }>(PATH, undefined, signal),
})
export const renamePasskey = (id: string, name: string) => patch<Passkey>(`${PATH}/${id}`, { name })
export const removePasskey = (id: string) => remove<void>(`${PATH}/${id}`)

/** Why this browser has no passkeys here, or undefined. */
export function passkeyFault(): string | undefined {
  if (!('PublicKeyCredential' in window) || !('parseRequestOptionsFromJSON' in PublicKeyCredential))
    return t`This browser knows no passkeys.`
  return /^[\d.]+$|:/.test(location.hostname.replace(/^\[|\]$/g, ''))
    ? t`Passkeys need a host name. Open mPanel under its name, not under an address.`
    : undefined
}

/** A ceremony is begun anew each time: its challenge counts once. */
const begin = (path: string) => post<Ceremony>(path, {}, crypto.randomUUID())

/** What the browser or the person refused. Its status is none that is repeated by itself. */
const refused = (error: unknown): ApiError =>
  new ApiError(400, {
    code: 'passkey_refused',
    detail:
      error instanceof DOMException && error.name === 'InvalidStateError'
        ? t`This device holds a passkey of yours already.`
        : t`The passkey was not used: it was cancelled, took too long, or there is none for this page.`,
  })

/** Lets the browser make a passkey, and adds it. */
export async function addPasskey({ name }: { name: string }, key: string): Promise<PasskeyCreated> {
  const { ceremony, options } = await begin(`${PATH}/options`)
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as never)
  const made = await navigator.credentials.create({ publicKey }).catch((error: unknown) => {
    throw refused(error)
  })
  if (!(made instanceof PublicKeyCredential)) throw refused(undefined)
  const { id, response } = made.toJSON() as RegistrationResponseJSON
  const { clientDataJSON, attestationObject, transports } = response
  const credential = { id, clientDataJSON, attestationObject, transports: transports ?? [] }
  return post(PATH, { ceremony, name, credential } satisfies PasskeyCreate, key)
}

/** Lets the person prove it with a passkey. */
async function proof(path: string): Promise<PasskeyProof> {
  const { ceremony, options } = await begin(path)
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as never)
  const made = await navigator.credentials.get({ publicKey }).catch((error: unknown) => {
    throw refused(error)
  })
  if (!(made instanceof PublicKeyCredential)) throw refused(undefined)
  const { id, response } = made.toJSON() as AuthenticationResponseJSON
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  const credential = { id, clientDataJSON, authenticatorData, signature, userHandle: userHandle ?? null }
  return { ceremony, credential }
}

export const logInByPasskey = async (_: void, key: string) =>
  post<Me>('/api/auth/passkey', await proof('/api/auth/passkey/options'), key)
export const givePasskey = async (_: void, key: string) =>
  giveSecondFactor({ passkey: await proof('/api/auth/mfa/options') }, key)
export const stepUpByPasskey = async (_: void, key: string) =>
  stepUp({ passkey: await proof('/api/auth/step-up/options') }, key)
