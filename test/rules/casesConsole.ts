import type { CloudPodConsoleTicket } from '../../shared/api/cloudPodConsole.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod, good } from './pods.ts'

const pod: Case = (app, tenantId) => activePod(app, tenantId, false)

/** A ticket that nobody has used. */
export async function consoleTicketIn(app: TestApp, tenantId: string): Promise<CloudPodConsoleTicket> {
  const { id } = await activePod(app, tenantId, false)
  return good(app.admin.post<CloudPodConsoleTicket>(`/api/admin/hosting/cloudpods/${id}/console`))
}

/** The rows of the route table about consoles. */
export const CONSOLE_CASES: Record<string, Case> = {
  issueCloudPodConsoleTicket: pod,
  openCloudPodConsole: pod,
}
