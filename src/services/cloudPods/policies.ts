import { canDecide, type Decision, type FindingKind } from '../../../shared/states/finding.ts'
import type { Ctx } from '../../context.ts'
import * as findings from '../../db/provisioningFindings.ts'
import type { FindingRow } from '../../db/provisioningFindings.ts'
import { AppError } from '../../errors.ts'
import * as auditService from '../auditService.ts'
import * as provisioningService from '../provisioningService.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { carryOut } from './decisions.ts'

const SETTING = {
  moved: 'reconcile.moved',
  stopped: 'reconcile.stopped',
  resized: 'reconcile.resized',
  network: 'reconcile.network',
  renamed: 'reconcile.renamed',
} as const

const hasPolicy = (kind: FindingKind): kind is keyof typeof SETTING => kind in SETTING

/** What is done about a kind of finding without asking: `report` is nothing. */
export async function policyOf(ctx: Ctx, kind: FindingKind): Promise<'report' | Decision> {
  // A suspension holds whatever anyone chooses.
  if (kind === 'suspended_running') return 'repair'
  if (!hasPolicy(kind)) return 'report'
  return (await settingsService.effective(ctx, null))[SETTING[kind]].value as 'report' | Decision
}

/** Does about a finding what its policy says, unless that cannot be done or the brake holds it. Then it stays open. */
export async function carryOutByItself(ctx: Ctx, finding: FindingRow): Promise<void> {
  const decision = await policyOf(ctx, finding.kind)
  if (decision === 'report' || decision === 'ignore') return
  const subject = { ...finding, hasPod: finding.pod_id !== null, subscriptionId: null }
  if (!canDecide(subject, decision).allowed) return
  if (decision === 'repair' && finding.kind !== 'suspended_running' && !(await mayRepair(ctx))) return
  try {
    await carryOut(ctx, finding, decision, 'by policy')
  } catch (error) {
    // What stands in the way is read by whoever decides.
    if (!(error instanceof AppError)) throw error
    await findings.update(ctx.tx, finding.id, { problem: error.message })
    return
  }
  await auditService.record(ctx, {
    action: 'FINDING_DECIDED',
    tenantId: null,
    target: { type: 'finding', id: finding.id, label: `${finding.kind} ${finding.label}` },
    details: { decision, reason: 'by policy', expected: finding.expected, found: finding.found },
  })
}

/** Many repairs at once hint at a fault of the reader rather than of the guests. */
const mayRepair = async (ctx: Ctx): Promise<boolean> =>
  provisioningService.mayTouch(ctx, 'findings.repair', {
    wanted: 1,
    total: await findings.countActive(ctx.tx),
  })
