import type { SsoFault } from '../../../shared/api/authSso.ts'
import { t } from '../../../shared/text.ts'

const FAULTS: Record<SsoFault, string> = {
  stale: t`The sign-on took too long, was used before, or began in another browser. Begin again.`,
  denied: t`The identity provider did not let you in, or you have cancelled it.`,
  failed: t`The answer of the identity provider was not accepted. Try again; if it stays, tell your administrator.`,
  throttled: t`Single sign-on failed too often from your network. Wait a while, then begin again.`,
  unknown: t`This identity is not connected with an account. Log in with your password and connect it under Security.`,
  not_admitted: t`This identity is not connected with an account, and none could be made: the provider must vouch for an e-mail of your organisation. Ask your administrator.`,
  refused: t`Your account cannot be opened by this identity provider now. Ask your administrator.`,
  taken: t`This identity, or another one of this provider, is connected already.`,
  not_fresh: t`The identity provider did not say that it asked you anew who you are. Log out there, then try again; if it stays, tell your administrator.`,
  somebody_else: t`At the identity provider you logged in as somebody else. Use the identity that is connected here.`,
}

/** Why a sign-on did not work, from the word in the address. */
export const ssoFault = (word: string): string =>
  FAULTS[word as SsoFault] ?? t`The sign-on did not work. Begin again.`
