import type { Identity } from '../userService.ts'

/** The caller as whom an event is about. */
export const self = ({ user }: Pick<Identity, 'user'>) => ({ type: 'user', id: user.id, label: user.email })
