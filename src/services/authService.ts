/** Log-in, sessions, second factors and passkeys; the parts are in auth/. */
export { confirmTotp, disableTotp, enrolTotp, regenerateCodes, removeTotpOf, state } from './auth/factors.ts'
export { DEVICE_MS } from './auth/devices.ts'
export { confirmEmailChange, requestEmailChange } from './auth/email.ts'
export { listFilters, removeFilter, saveFilter } from './auth/filters.ts'
export { chooseLanguage } from './auth/language.ts'
export { listHistory } from './auth/history.ts'
export { beginMfa, login, verifyMfa, type OpenedSession } from './auth/login.ts'
export { beginPasskeyLogin, loginByPasskey } from './auth/passkeyLogin.ts'
export { addPasskey, beginPasskey, listPasskeys, removePasskey, renamePasskey } from './auth/passkeys.ts'
export { listIdentities, removeIdentity } from './auth/identities.ts'
export { beginSso, beginSsoLink, finishSso, type Finished } from './auth/sso.ts'
export {
  checkSsoProvider,
  createSsoProvider,
  deleteSsoProvider,
  getSsoProvider,
  listSsoProviders,
  updateSsoProvider,
} from './auth/ssoProviders.ts'
export { beginSsoStepUp, stepUpWays } from './auth/ssoStepUp.ts'
export { SSO_MS } from './auth/ssoWay.ts'
export type { RenewedSession } from './auth/sessionTokens.ts'
export { beginStepUp, stepUp } from './auth/stepUp.ts'
export { confirmReset, requestReset, resettable, writeReset } from './auth/recovery.ts'
export { changePassword, endOtherSessions, endSession, listSessions } from './auth/sessions.ts'
