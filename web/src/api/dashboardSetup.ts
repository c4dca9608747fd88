import { queryOptions } from '@tanstack/react-query'
import type { Setup, SetupStep } from '../../../shared/api/dashboardSetup.ts'
import { t } from '../../../shared/text.ts'
import { checkDnsServer } from './dnsServers.ts'
import { get, put } from './http.ts'
import { checkProvider } from './payments.ts'
import { checkCluster } from './provisioning.ts'
import { checkIssuer } from './ssl.ts'

export type { Setup, SetupStep }

const PATH = '/api/admin/setup'

export const setupQuery = queryOptions({
  queryKey: ['setup'] as const,
  queryFn: ({ signal }) => get<Setup>(PATH, undefined, signal),
})
export const updateSetup = (body: { dismissed: boolean }) => put<Setup>(PATH, body)

/** What stands in the way, asked of the system itself; none: it can be used. */
type Check = (id: string, key: string) => Promise<string[]>

/** The systems that can be asked from here; mail is asked by a mail. */
export const CHECKS: Partial<Record<SetupStep['step'], Check>> = {
  cluster: async (id, key) => {
    const { problem, missing } = await checkCluster(id, key)
    return [
      ...(problem === null ? [] : [problem]),
      ...missing.map(({ path, privileges }) => t`The token lacks ${privileges.join(', ')} on ${path}.`),
    ]
  },
  dns: async (id, key) => (await checkDnsServer(id, key)).problems,
  ca: async (id, key) => (await checkIssuer(id, key)).problems,
  payments: async (id, key) => (await checkProvider(id, key)).problems,
}
