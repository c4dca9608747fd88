import { asSystem, eachAsSystem, type Ctx, type Root } from '../../context.ts'
import * as notices from '../../db/mailNotices.ts'
import type { Ending } from '../../db/mailNotices.ts'
import * as mailNoticeService from '../mailNoticeService.ts'

const AT_ONCE = 500

/** Tells operators of certificates that will end unless somebody does something. */
export async function tellEnding(root: Root): Promise<void> {
  const due = await asSystem(root, 'ssl.notices', 'platform', ({ tx, now }) =>
    notices.ending(tx, now(), AT_ONCE),
  )
  await eachAsSystem(root, {
    label: 'ssl.notices',
    rows: [...new Set(due.map((row) => row.tenant_id))].map((tenant_id) => ({ tenant_id })),
    fault: 'nobody could be told of certificates that end',
    work: (ctx, row) => tellOf(ctx, row.tenant_id),
  })
}

async function tellOf(ctx: Ctx, tenantId: string): Promise<void> {
  const told: Ending[] = []
  for (const row of await notices.ending(ctx.tx, ctx.now(), AT_ONCE, tenantId)) {
    const event = { kind: 'certificate_end', tenantId, subjectId: row.id, event: row.event } as const
    if (await mailNoticeService.claim(ctx, event)) told.push(row)
  }
  if (told.length === 0) return
  await mailNoticeService.toOperators(ctx, tenantId, 'ssl:manage', 'certificatesEnd', {
    certificates: told.map(({ names, not_after: notAfter, problem }) => ({
      names,
      endsOn: notAfter.toISOString().slice(0, 10),
      problem,
    })),
  })
}
