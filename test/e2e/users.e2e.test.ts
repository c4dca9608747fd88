import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page as ListPage } from '../../shared/api/common.ts'
import type { Tenant } from '../../shared/api/tenants.ts'
import type { Role, User } from '../../shared/api/users.ts'
import { openApp, type Credentials, type OpenApp } from './browser.ts'

let opened: OpenApp
let tenant: Tenant
beforeAll(async () => {
  opened = await openApp()
  const id = await opened.app.tenant()
  tenant = (await opened.app.admin.get<Tenant>(`/api/admin/tenants/${id}`)).body
}, 120_000)
afterAll(() => opened?.close())

const idOf = async ({ email }: Credentials): Promise<string> =>
  (await opened.app.admin.get<ListPage<User>>(`/api/admin/users?q=${email}`)).body.items[0]?.id ?? ''

async function entered(who: Credentials): Promise<Page> {
  const page = await opened.page()
  await opened.enter(page, who)
  return page
}

it('an owner gives somebody a role of his tenant and takes it again, and is offered nothing he may not give', async () => {
  const page = await entered(await opened.user('TENANT_OWNER', tenant.id))
  const user = await opened.user('TENANT_USER', tenant.id)
  await page.goto(`/t/${tenant.slug}/users`)
  await page.getByLabel('Search name, e-mail').fill(user.email)
  await page.waitForURL('**/users?q=**')
  await page.getByRole('link', { name: user.email }).click()
  const disable = page.getByRole('button', { name: 'Disable' })
  expect(await disable.getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('tab', { name: 'Roles' }).click()
  await page.getByRole('button', { name: 'Give a role' }).click()
  const dialog = page.getByRole('dialog')
  expect(await dialog.getByRole('radio', { name: 'On the platform' }).isDisabled()).toBe(true)
  await dialog.getByRole('radio', { name: 'Tenant administrator' }).check()
  expect(await dialog.getByRole('radio', { name: 'Tenant user' }).isDisabled()).toBe(true)
  expect(await dialog.getByRole('radio', { name: 'Super administrator' }).count()).toBe(0)
  await dialog.getByRole('button', { name: 'Give', exact: true }).click()
  const take = page.getByRole('button', { name: 'Take Tenant administrator' })
  await take.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take', exact: true }).click()
  await page.getByRole('button', { name: 'Take', exact: true }).waitFor({ state: 'detached' })
  await take.waitFor({ state: 'detached' })
  const { body } = await opened.app.admin.get<User>(`/api/admin/users/${await idOf(user)}`)
  expect(body.grants.map(({ role }) => role)).toEqual(['TENANT_USER'])
  await page.context().close()
})

it('a role is made, its permissions are changed in the matrix by keyboard, and what cannot be given says why', async () => {
  const page = await entered(await opened.user('TENANT_OWNER', tenant.id))
  await page.goto(`/t/${tenant.slug}/roles`)
  expect(
    await page.getByRole('switch', { name: 'Second step for Tenant user' }).getAttribute('aria-disabled'),
  ).toBe('true')
  await page.getByRole('link', { name: 'New role' }).click()
  await page.getByLabel('Name').fill('Pod operators')
  await page.getByLabel('Key', { exact: true }).fill('pod-operators')
  await page.getByRole('checkbox', { name: 'cloudpods:read' }).check()
  await page.getByRole('button', { name: 'Create role' }).click()
  await page.getByRole('heading', { level: 1, name: 'Pod operators' }).waitFor()

  await page.goto(`/t/${tenant.slug}/roles?tab=matrix`)
  const refused = page.getByRole('checkbox', { name: 'infrastructure:read in Pod operators' })
  expect(await refused.getAttribute('aria-disabled')).toBe('true')
  const reason = (await refused.getAttribute('aria-describedby')) ?? ''
  expect(await page.locator(`[id="${reason}"]`).textContent()).toContain('concerns the platform')
  await page.getByRole('checkbox', { name: 'cloudpods:read in Pod operators' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await page.getByText('Pod operators: 1 change not saved').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('1 change not saved').waitFor({ state: 'detached' })
  const { body } = await opened.app.admin.get<ListPage<Role>>(
    `/api/admin/users/roles?kind=tenant&tenantId=${tenant.id}`,
  )
  expect(body.items[0]?.permissions).toEqual(['cloudpods:read', 'cloudpods:update'])

  await page.getByRole('tab', { name: 'List' }).click()
  await page.getByRole('link', { name: 'Pod operators' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { level: 1, name: 'Roles' }).waitFor()
  await page.getByRole('link', { name: 'Pod operators' }).waitFor({ state: 'detached' })
  await page.context().close()
})

it('a user who is disabled is logged out of the page that is open, and the administrator is told what happens', async () => {
  const user = await opened.user('SUPPORT')
  const theirs = await entered(user)
  await theirs.goto('/t/all/jobs')
  await theirs.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor()
  const page = await entered(await opened.user('SUPER_ADMIN'))
  await page.goto(`/t/all/users/${await idOf(user)}`)
  await page.getByRole('button', { name: 'Disable' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('is logged out everywhere at once').waitFor()
  await dialog.getByRole('button', { name: 'Disable' }).click()
  await page.getByText('This user is disabled').waitFor()
  await theirs.waitForURL('**/login?return=**')
  await page.context().close()
  await theirs.context().close()
})

it('why somebody may not do something is said in a sentence, and a grant changes the answer', async () => {
  const user = await opened.user('TENANT_USER', tenant.id)
  const page = await entered(await opened.user('PLATFORM_ADMIN'))
  await page.goto(`/t/${tenant.slug}/users/${await idOf(user)}?tab=why`)
  await page.getByLabel('Permission').selectOption('cloudpods:delete')
  await page.getByText('none of the roles held gives cloudpods:delete').waitFor()
  await page.getByRole('tab', { name: 'Roles' }).click()
  await page.getByRole('button', { name: 'Give a role' }).click()
  await page.getByRole('dialog').getByRole('radio', { name: 'Tenant owner' }).check()
  await page.getByRole('dialog').getByRole('button', { name: 'Give', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('tab', { name: 'Why?' }).click()
  await page.getByLabel('Permission').selectOption('cloudpods:delete')
  await page.getByText(`given by Tenant owner (${tenant.name})`).waitFor()
  await page.context().close()
})

it('a new user made in the pages logs in, after the administrator has proven anew who he is', async () => {
  const admin = await opened.user('SUPER_ADMIN')
  const page = await entered(admin)
  opened.app.clock.offsetMs += 11 * 60_000
  await page.goto('/t/all/users/new')
  await page.getByLabel('E-mail').fill('new.person@example.com')
  await page.getByLabel('Name').fill('New Person')
  await page.getByLabel('First password').fill('gull-orbit-marmalade')
  await page.getByRole('radio', { name: 'Billing' }).check()
  await page.getByRole('button', { name: 'Create user' }).click()
  const proof = page.getByRole('dialog', { name: 'Is it you?' })
  await proof.getByLabel('Your password').fill(admin.password)
  await proof.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('heading', { level: 1, name: 'New Person' }).waitFor()
  const theirs = await entered({ email: 'new.person@example.com', password: 'gull-orbit-marmalade' })
  await theirs.goto('/')
  await theirs.getByRole('heading', { level: 1, name: /^Dashboard/ }).waitFor()
  opened.app.clock.offsetMs -= 11 * 60_000
  await page.context().close()
  await theirs.context().close()
})

it('whoever loses the last role is told so, and can log out', async () => {
  const user = await opened.user('SUPPORT')
  const page = await entered(user)
  const id = await idOf(user)
  const [grant] = (await opened.app.admin.get<User>(`/api/admin/users/${id}`)).body.grants
  const { status } = await opened.app.admin.call('DELETE', `/api/admin/users/${id}/grants`, {
    roleId: grant?.roleId,
    tenantId: null,
  })
  expect(status).toBe(200)
  await page.goto('/')
  await page.getByRole('heading', { level: 1, name: 'You have no role yet' }).waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL(/\/login$/)
  await page.context().close()
})

it('somebody is invited to the platform from the list of users, stands there until answered, and is taken back', async () => {
  const page = await entered(await opened.user('PLATFORM_ADMIN'))
  await page.goto('/t/all/users')
  await page.getByRole('button', { name: 'Invite' }).click()
  const dialog = page.getByRole('dialog', { name: 'Invite to the platform' })
  await dialog.getByLabel('E-mail').fill('colleague@example.com')
  await dialog.getByLabel('Role').selectOption({ label: 'Support' })
  await dialog.getByRole('button', { name: 'Invite' }).click()
  const open = page.getByRole('region', { name: 'Open invitations to the platform' })
  await open.getByText('colleague@example.com').waitFor()

  const support = await entered(await opened.user('SUPPORT'))
  await support.goto('/t/all/users')
  const resend = support.getByRole('button', { name: 'Send the invitation of colleague@example.com again' })
  expect(await resend.getAttribute('aria-disabled')).toBe('true')
  expect(await support.getByRole('button', { name: 'Invite', exact: true }).count()).toBe(0)
  await support.context().close()

  await open.getByRole('button', { name: 'Send the invitation of colleague@example.com again' }).click()
  await page.getByText('Sent again').waitFor()
  await open.getByRole('button', { name: 'Take the invitation of colleague@example.com back' }).click()
  await open.waitFor({ state: 'detached' })
  await page.context().close()
})

it('an administrator sends a link to set a new password after being told what it does, and never where it is refused', async () => {
  const user = await opened.user('TENANT_USER', tenant.id)
  const id = await idOf(user)
  const page = await entered(await opened.user('PLATFORM_ADMIN'))
  await page.goto(`/t/all/users/${id}`)
  const button = page.getByRole('button', { name: 'Send a password reset link' })
  await button.click()
  const dialog = page.getByRole('dialog', { name: 'Send a password reset link' })
  await dialog.getByText('The present password works until a new one is set').waitFor()
  await dialog.getByRole('button', { name: 'Send' }).click()
  await page.getByText('The link is on its way').waitFor()
  const { body } = await opened.app.admin.get<ListPage<{ action: string }>>(
    `/api/admin/audit/events?targetId=${id}&action=PASSWORD_RESET_SENT`,
  )
  expect(body.items).toHaveLength(1)

  await opened.app.admin.call('PATCH', `/api/admin/users/${id}`, { state: 'disabled' })
  await page.reload()
  await page.getByText('This user is disabled').waitFor()
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await page.context().close()
})
