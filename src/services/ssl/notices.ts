import type { Ctx, Root } from '../../context.ts'
import * as notices from '../../db/mailNotices.ts'
import type { Ending } from '../../db/mailNotices.ts'
import * as mailNoticeService from '../mailNoticeService.ts'

const AT_ONCE = 500

/** Tells operators of certificates that will end unless somebody does something. */
export const tellEnding = (root: Root): Promise<void> =>
  mailNoticeService.tellTenants(root, {
    label: 'ssl.notices',
    fault: 'nobody could be told of certificates that end',
    due: ({ tx, now }) => notices.ending(tx, now(), AT_ONCE),
    tell: tellOf,
  })

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
