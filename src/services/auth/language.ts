import type { Language } from '../../../shared/languages.ts'
import type { Ctx } from '../../context.ts'
import * as admin from '../../db/userAdmin.ts'
import * as users from '../../db/users.ts'
import * as auditService from '../auditService.ts'
import type { Identity } from '../userService.ts'
import { self } from './self.ts'

/** In which language the caller's mails are from now on; null: in that of who writes. */
export async function chooseLanguage(ctx: Ctx, identity: Identity, language: Language | null): Promise<void> {
  const { id } = identity.user
  const before = await users.aboutSelf(ctx.tx, id)
  if (before.language === language) return
  await admin.update(ctx.tx, id, { language, updated_at: ctx.now() })
  await auditService.record(ctx, {
    action: 'LANGUAGE_CHOSEN',
    tenantId: null,
    target: self(identity),
    diff: { language: [before.language, language] },
  })
}
