import type { Case } from './cases.ts'
import { activePod } from './pods.ts'

const pod: Case = (app, tenantId) => activePod(app, tenantId, false)

/** The rows of the route table about what pods use: figures and traffic. */
export const METRIC_CASES: Record<string, Case> = {
  getCloudPodMetrics: pod,
}
