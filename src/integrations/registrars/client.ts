import { createEpp } from './epp.ts'
import { createNameSilo } from './namesilo.ts'
import type { Send } from './namesiloHttp.ts'
import type { Registrar, RegistrarConnection } from './types.ts'

/** Whoever registers domains, as the contract of `types.ts` has it. */
export const createRegistrar = (
  send: Send,
  connection: RegistrarConnection,
  now: () => Date = () => new Date(),
): Registrar =>
  connection.kind === 'epp' ? createEpp(connection, now) : createNameSilo(send, connection, now)
