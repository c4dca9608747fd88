import * as cloudPodTrafficService from '../../src/services/cloudPodTrafficService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod } from './pods.ts'

const pod: Case = (app, tenantId) => activePod(app, tenantId, false)

/** A pod that has sent and received something. */
export async function trafficIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id = '' } = await activePod(app, tenantId, false)
  await app.as(async (ctx) =>
    cloudPodTrafficService.add(ctx, app.clusterId, await cloudPodTrafficService.clock(ctx), [
      { podId: id, netIn: 1_000, netOut: 10, uptimeS: 60 },
    ]),
  )
  return { id }
}

/** The rows of the route table about what pods use: figures and traffic. */
export const METRIC_CASES: Record<string, Case> = {
  getCloudPodMetrics: pod,
  getCloudPodTraffic: trafficIn,
}
