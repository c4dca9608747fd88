import type { Case } from './cases.ts'

export const DASHBOARD_CASES: Record<string, Case> = {
  getDashboard: async () => ({}),
  getSetup: async () => ({}),
  updateSetup: async () => ({ body: { dismissed: true } }),
}
