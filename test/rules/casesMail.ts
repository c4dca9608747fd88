import { sql } from 'kysely'
import type { Invitation } from '../../shared/api/invitations.ts'
import { grantsOfUser } from '../../src/db/userRights.ts'
import * as users from '../../src/db/users.ts'
import { newId } from '../../src/lib/ids.ts'
import * as userAdminService from '../../src/services/userAdminService.ts'
import { rightsOf, type Identity } from '../../src/services/userService.ts'
import * as tokens from '../../src/services/singleUseTokenService.ts'
import type { TestApp } from '../support/app.ts'
import { PASSWORD, person, session } from '../users/people.ts'
import type { Case } from './cases.ts'

export const address = (): string => `new-${newId().slice(-12)}@example.com`

/** The id of a built-in role. */
export const builtinRole = (app: TestApp, key: string): Promise<string> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{
      id: string
    }>`select id from roles where builtin and key = ${key}`.execute(ctx.tx)
    return rows[0]?.id ?? ''
  })

/** Somebody invited to a tenant by the first administrator, without the limit of calls. */
export async function invitationIn(app: TestApp, tenantId: string): Promise<Invitation> {
  const body = { email: address(), roleId: await builtinRole(app, 'TENANT_USER') }
  return app.as(async (ctx) => {
    const admin = await users.findByEmail(ctx.tx, 'admin@example.com')
    const grants = admin && (await grantsOfUser(ctx.tx, admin.id, ctx.now()))
    if (!admin || !grants) throw new Error('there is no administrator')
    const identity = { user: admin, ...rightsOf(grants) } as unknown as Identity
    return userAdminService.invite(ctx, identity, tenantId, body)
  })
}

/** A link as a mail would carry it. */
export async function linkFor(
  app: TestApp,
  purpose: 'password_reset' | 'invitation' | 'email_change',
  subjectId: string,
  email: string | null = null,
): Promise<string> {
  const { url } = await app.as((ctx) => tokens.issue(ctx, purpose, subjectId, email))
  return /#t=(.+)$/.exec(url)?.[1] ?? ''
}

/** The id of the newest mail to an address. */
export const mailTo = (app: TestApp, email: string): Promise<string> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{
      id: string
    }>`select id from mails where recipient = ${email} order by id desc limit 1`.execute(ctx.tx)
    return rows[0]?.id ?? ''
  })

const list: Case = async () => ({})

export const casesMail: Record<string, Case> = {
  requestPasswordReset: async () => ({ body: { email: address() } }),
  confirmPasswordReset: async (app) => {
    const { id } = await person(app, 'SUPPORT')
    return {
      body: { token: await linkFor(app, 'password_reset', id), password: `Gull-Orbit-${newId()}` },
    }
  },
  showInvitation: async (app, tenantId) => ({
    body: { token: await linkFor(app, 'invitation', (await invitationIn(app, tenantId)).id) },
  }),
  acceptInvitation: async (app, tenantId) => ({
    body: {
      token: await linkFor(app, 'invitation', (await invitationIn(app, tenantId)).id),
      name: 'New',
      password: PASSWORD,
    },
  }),
  requestEmailChange: async (app) => ({
    caller: (await session(app, (await person(app, 'SUPPORT')).email)).api,
    body: { email: address() },
  }),
  confirmEmailChange: async (app) => {
    const { id, email } = await person(app, 'SUPPORT')
    const { api: caller } = await session(app, email)
    return { caller, body: { token: await linkFor(app, 'email_change', id, address()) } }
  },
  listMails: list,
  sendTestMail: list,
  readMail: async (app, tenantId) => {
    const { email } = await invitationIn(app, tenantId)
    return { id: await mailTo(app, email) }
  },
  getTenantMembers: async (_, tenantId) => ({ id: tenantId }),
  removeTenantMember: async (app, tenantId) => ({
    id: tenantId,
    body: { userId: (await person(app, 'TENANT_USER', tenantId)).id },
  }),
  inviteToTenant: async (app, tenantId) => ({
    id: tenantId,
    body: { email: address(), roleId: await builtinRole(app, 'TENANT_USER') },
  }),
  listInvitations: list,
  inviteToPlatform: async (app) => ({
    body: { email: address(), roleId: await builtinRole(app, 'SUPPORT') },
  }),
  resendInvitation: async (app, tenantId) => ({ id: (await invitationIn(app, tenantId)).id }),
  revokeInvitation: async (app, tenantId) => ({ id: (await invitationIn(app, tenantId)).id }),
  sendPasswordReset: async (app) => ({ id: (await person(app, 'SUPPORT')).id }),
}
