import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { IpSource } from '../../shared/api/provisioningSources.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { good } from './pods.ts'

const PATH = '/api/admin/provisioning/ip-sources'
/** Nobody answers there, and it may not be reached. */
const connection = { url: 'http://127.0.0.1:1', token: 'nbt_key.0123456789' }

let made = 0
const sourceIn = async (app: TestApp): Promise<string> =>
  (await good(app.admin.post<IpSource>(PATH, { name: `case ${++made}`, ...connection }))).id

async function poolOf(app: TestApp): Promise<string> {
  const source = { id: await sourceIn(app), prefixId: 1 }
  const network = `10.88.${made}`
  const range = { gateway: `${network}.1`, rangeStart: `${network}.10`, rangeEnd: `${network}.20` }
  const body = { clusterId: app.clusterId, name: network, network: `${network}.0/24`, ...range, source }
  return (await good(app.admin.post<IpPool>('/api/admin/provisioning/ip-pools', body))).id
}

/** The rows of the route table about the NetBoxes of pools. */
export const SOURCE_CASES: Record<string, Case> = {
  listIpSources: async () => ({}),
  createIpSource: async () => ({ body: { name: `case ${++made}`, ...connection } }),
  checkIpSourceConnection: async () => ({ body: connection }),
  checkIpSource: async (app) => ({ id: await sourceIn(app), body: {} }),
  getIpSource: async (app) => ({ id: await sourceIn(app) }),
  updateIpSource: async (app) => ({ id: await sourceIn(app), body: { name: `case ${++made}` } }),
  removeIpSource: async (app) => ({ id: await sourceIn(app) }),
  compareIpPool: async (app) => ({ id: await poolOf(app) }),
}
