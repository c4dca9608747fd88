import { createEpp } from './epp.ts'
import { createNameSilo } from './namesilo.ts'
import type { Send } from './namesiloHttp.ts'
import type { Registrar, RegistrarConnection } from './types.ts'

/** Whoever registers domains, as the contract of `types.ts` has it. */
export const createRegistrar = (send: Send, connection: RegistrarConnection): Registrar =>
  connection.kind === 'epp' ? createEpp(connection) : createNameSilo(send, connection)
