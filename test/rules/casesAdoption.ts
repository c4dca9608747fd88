import { adoptionOf, makeStranger } from '../support/strangers.ts'
import type { Case } from './cases.ts'

/** The rows of the route table about guests that no pod owns. */
export const ADOPTION_CASES: Record<string, Case> = {
  showStrangers: async (app) => ({ id: app.clusterId }),
  showStranger: async (app) => {
    app.sim.control.setStaleness(0)
    return { id: app.clusterId, vmid: String(makeStranger(app).vmid) }
  },
  adoptCloudPod: async (app, tenantId) => {
    const { name: _, ...body } = await adoptionOf(app, tenantId)
    return { body }
  },
}
