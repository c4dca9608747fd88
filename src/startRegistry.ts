import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistrySim, type RegistrySim } from '../sim/registry/server.ts'
import { randomToken } from './lib/crypto.ts'
import type { Ctx } from './context.ts'
import * as domainRegistrarService from './services/domainRegistrarService.ts'

const ACCOUNT = 'mpanel'

/** A simulated registry, whose state is kept in the data folder like that of the other simulated systems. */
export function simulateRegistry(dataDir: string, now: () => number): Promise<RegistrySim> {
  const folder = join(dataDir, 'sim')
  mkdirSync(folder, { recursive: true })
  return startRegistrySim({
    accounts: [
      { id: ACCOUNT, password: randomToken(12) },
      { id: 'other', password: randomToken(12) },
    ],
    stateFile: join(folder, 'registry.json'),
    now,
  })
}

/** The account at the simulated registry, with first prices. Where it is, and its certificate, are new at each start. */
export const seedRegistry = (ctx: Ctx, sim: RegistrySim): Promise<string> =>
  domainRegistrarService.seedRegistry(
    ctx,
    {
      driver: 'epp',
      name: 'Simulated registry',
      currency: 'USD',
      host: '127.0.0.1',
      port: sim.port,
      clientId: ACCOUNT,
      password: sim.world.accounts.find(({ id }) => id === ACCOUNT)?.password ?? '',
      contacts: true,
      caPem: sim.caPem,
      certPem: null,
      keyPem: null,
    },
    sim.world.tlds,
  )
