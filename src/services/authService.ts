/** Log-in, sessions and second factors; the parts are in auth/. */
export { confirmTotp, disableTotp, enrolTotp, regenerateCodes, state } from './auth/factors.ts'
export { DEVICE_MS } from './auth/devices.ts'
export { confirmEmailChange, requestEmailChange } from './auth/email.ts'
export { listHistory } from './auth/history.ts'
export { login, verifyMfa, type OpenedSession } from './auth/login.ts'
export { confirmReset, requestReset, resettable, writeReset } from './auth/recovery.ts'
export { stepUp } from './auth/stepUp.ts'
export { changePassword, endOtherSessions, endSession, listSessions } from './auth/sessions.ts'
