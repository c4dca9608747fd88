import { sql } from 'kysely'
import type { CloudPodAddresses } from '../../shared/api/cloudPodAddresses.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { quietPod } from './casesMigrations.ts'
import { good } from './pods.ts'

const PODS = '/api/admin/hosting/cloudpods'

async function addressOf(app: TestApp, id: string, primary: boolean): Promise<string> {
  const { items } = await good(app.admin.get<CloudPodAddresses>(`${PODS}/${id}/addresses`))
  return items.find((one) => one.primary === primary)?.address ?? ''
}

/** The rows of the route table about the addresses of pods. */
export const ADDRESS_CASES: Record<string, Case> = {
  getCloudPodAddresses: quietPod,
  addCloudPodAddress: async (app, tenantId) => ({
    ...(await quietPod(app, tenantId)),
    body: { family: 'ipv4' },
  }),
  updateCloudPodAddress: async (app, tenantId) => {
    const { id } = await quietPod(app, tenantId)
    return { id, address: await addressOf(app, id, true), body: { reverseName: 'mail.example.com' } }
  },
  releaseCloudPodAddress: async (app, tenantId) => {
    const { id } = await quietPod(app, tenantId)
    await good(app.admin.post(`${PODS}/${id}/addresses`, { family: 'ipv4' }))
    await app.as(async ({ tx }) => {
      await sql`update ip_addresses set state = 'assigned' where pod_id = ${id}`.execute(tx)
      await sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now()
        where subject_id = ${id}`.execute(tx)
    })
    return { id, address: await addressOf(app, id, false) }
  },
}
