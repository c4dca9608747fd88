import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Invitation, InvitationShown, Members } from '../../shared/api/invitations.ts'
import type { BuiltinRole } from '../../shared/permissions.ts'
import type { User } from '../../shared/api/users.ts'
import { address, builtinRole } from '../rules/casesMail.ts'
import { createApi, type Answer, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { mailsTo, textTo, tokenTo } from './mails.ts'
import { PASSWORD, person, session } from './people.ts'

let app: TestApp
let nobody: Api
let tenantId: string
/** The owner of the tenant, in a session. */
let owner: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  nobody = await createApi(app.url, undefined)
  tenantId = await app.tenant()
  owner = await loggedIn('TENANT_OWNER', tenantId)
})
afterAll(() => app.close())

const loggedIn = async (role: BuiltinRole, tenant: string | null = null): Promise<Api> =>
  (await session(app, (await person(app, role, tenant)).email)).api

type Refusal = { code: string; errors?: { path: string }[] }
const invite = async (api: Api, email: string, role = 'TENANT_USER', tenant = tenantId) =>
  api.post<Invitation & Refusal>(`/api/admin/tenants/${tenant}/invitations`, {
    email,
    roleId: await builtinRole(app, role),
  })
const accept = (token: string, body: object = {}, api = nobody) =>
  api.post<Refusal>('/api/auth/invitation/accept', { token, ...body })
const show = (token: string) => nobody.post<InvitationShown & Refusal>('/api/auth/invitation', { token })
const members = async () => (await owner.get<Members>(`/api/admin/tenants/${tenantId}/members`)).body
const outcome = ({ status, body }: Answer<Refusal>) => [status, body.code]
const account = { name: 'Ada Example', password: PASSWORD }

test('somebody new accepts with a name and a password, and is a member then', async () => {
  const email = address()
  expect((await invite(owner, email)).status).toBe(201)
  expect((await members()).invitations.map((open) => open.email)).toContain(email)
  expect(await textTo(app, email, 'invitation')).toContain('as Tenant user')
  const token = await tokenTo(app, email, 'invitation')
  expect((await show(token)).body).toMatchObject({ email, account: 'new', roleName: 'Tenant user' })
  const incomplete = await accept(token)
  expect(incomplete.body.errors?.map(({ path }) => path)).toEqual(['name', 'password'])
  expect((await accept(token, { ...account, password: 'password1234' })).status).toBe(422)
  expect((await accept(token, account)).status).toBe(204)
  expect((await accept(token, account)).status).toBe(410)
  const after = await members()
  expect(after.items.find((member) => member.email === email)).toMatchObject({ name: 'Ada Example' })
  expect(after.invitations.map((open) => open.email)).not.toContain(email)
  expect((await session(app, email)).token).not.toBe('')
})

test('who has an account accepts within it and nowhere else; the tenant cannot tell the two apart', async () => {
  const known = await person(app, 'SUPPORT')
  const [one, other] = [await invite(owner, known.email), await invite(owner, address())]
  expect(Object.keys(one.body)).toEqual(Object.keys(other.body))
  expect([one.status, one.body.expired]).toEqual([other.status, other.body.expired])
  const token = await tokenTo(app, known.email, 'invitation')
  expect((await show(token)).body.account).toBe('existing')
  expect(outcome(await accept(token, account))).toEqual([401, 'unauthenticated'])
  const stranger = await loggedIn('SUPPORT')
  expect(outcome(await accept(token, {}, stranger))).toEqual([401, 'unauthenticated'])
  expect((await accept(token, {}, (await session(app, known.email)).api)).status).toBe(204)
  const { body } = await app.admin.get<User>(`/api/admin/users/${known.id}`)
  expect(body.grants.map(({ role, tenantId: where }) => [role, where])).toContainEqual([
    'TENANT_USER',
    tenantId,
  ])
})

test('nobody invites to what they do not hold, nor to a role of another place', async () => {
  const admin = await loggedIn('PLATFORM_ADMIN')
  const platform = async (role: string) =>
    admin.post<Refusal>('/api/admin/users/invitations', {
      email: address(),
      roleId: await builtinRole(app, role),
    })
  expect(outcome(await platform('SUPER_ADMIN'))).toEqual([403, 'forbidden'])
  expect(outcome(await platform('TENANT_USER'))).toEqual([422, 'invalid_input'])
  expect(outcome(await invite(owner, address(), 'SUPPORT'))).toEqual([422, 'invalid_input'])
  expect((await invite(await loggedIn('TENANT_ADMIN', tenantId), address())).status).toBe(403)
  expect((await invite(owner, address(), 'TENANT_USER', await app.tenant())).status).toBe(404)
})

test('a second invitation to the same is refused; sending again ends the first link, revoking ends all', async () => {
  const email = address()
  const { body } = await invite(owner, email)
  expect(outcome(await invite(owner, email))).toEqual([409, 'already_exists'])
  const first = await tokenTo(app, email, 'invitation')
  const path = `/api/admin/users/invitations/${body.id}`
  expect((await owner.post(`${path}/resend`, {})).status).toBe(200)
  const second = await tokenTo(app, email, 'invitation')
  expect((await show(first)).status).toBe(410)
  expect((await show(second)).status).toBe(200)
  expect((await owner.call('DELETE', path)).status).toBe(204)
  expect((await accept(second, account)).status).toBe(410)
  expect((await owner.post(`${path}/resend`, {})).status).toBe(404)
  expect((await mailsTo(app, email)).length).toBe(2)
})

test('what somebody may no longer give is not given by their invitation, nor in a suspended tenant', async () => {
  const tenant = await app.tenant()
  await person(app, 'TENANT_OWNER', tenant)
  const former = await person(app, 'TENANT_OWNER', tenant)
  const email = address()
  await invite((await session(app, former.email)).api, email, 'TENANT_ADMIN', tenant)
  const token = await tokenTo(app, email, 'invitation')
  await app.admin.post(`/api/admin/tenants/${tenant}/suspend`, { reason: 'unpaid' })
  expect(outcome(await accept(token, account))).toEqual([409, 'invalid_state'])
  await app.admin.post(`/api/admin/tenants/${tenant}/restore`, {})
  const grant = { tenantId: tenant, roleId: await builtinRole(app, 'TENANT_OWNER') }
  const taken = await app.admin.call('DELETE', `/api/admin/users/${former.id}/grants`, grant)
  expect(taken.status).toBe(200)
  expect(outcome(await accept(token, account))).toEqual([410, 'link_expired'])
})

test('removing a member takes all roles in the tenant, and the last owner stays', async () => {
  const tenant = await app.tenant()
  const first = await person(app, 'TENANT_OWNER', tenant)
  const other = await person(app, 'TENANT_USER', tenant)
  const roleId = await builtinRole(app, 'TENANT_ADMIN')
  await app.admin.post(`/api/admin/users/${other.id}/grants`, { tenantId: tenant, roleId })
  const path = `/api/admin/tenants/${tenant}/members/remove`
  expect((await app.admin.post(path, { userId: other.id })).status).toBe(204)
  expect((await app.admin.post(path, { userId: other.id })).status).toBe(404)
  expect(outcome(await app.admin.post<Refusal>(path, { userId: first.id }))).toEqual([409, 'invalid_state'])
  const left = await app.admin.get<Members>(`/api/admin/tenants/${tenant}/members`)
  expect(left.body.items.map(({ id }) => id)).toEqual([first.id])
})
