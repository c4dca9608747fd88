import type { SsoFault } from '../../../../shared/api/authSso.ts'

const FAULTS: Record<SsoFault, string> = {
  stale: 'The sign-on took too long, was used before, or began in another browser. Begin again.',
  denied: 'The identity provider did not let you in, or you have cancelled it.',
  failed:
    'The answer of the identity provider was not accepted. Try again; if it stays, tell your administrator.',
  unknown:
    'This identity is not connected with an account. Log in with your password and connect it under Security.',
  refused: 'Your account cannot be opened by this identity provider now. Ask your administrator.',
  taken: 'This identity, or another one of this provider, is connected already.',
}

/** Why a sign-on did not work, from the word in the address. */
export const ssoFault = (word: string): string =>
  FAULTS[word as SsoFault] ?? 'The sign-on did not work. Begin again.'
