/** What a log-in may ask about giving roles. Apart from `userAdminService`, which asks the log-in; the parts are in users/. */
export { requireGrantable } from './users/accounts.ts'
export { admit } from './users/admission.ts'
