import { createHash } from 'node:crypto'
import { LOGO_BYTES, LOGO_PIXELS, type LogoView } from '../../shared/api/tenantLogo.ts'
import type { Ctx, Root } from '../context.ts'
import * as logos from '../db/tenantLogos.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound } from '../errors.ts'
import { readImageHeader } from '../lib/imageHeader.ts'
import * as auditService from './auditService.ts'

/** Where a logo is served; for mails put the public address before it. */
export const addressOf = (tenantId: string, sha256: string): string =>
  `/api/branding/${tenantId}/logo/${sha256}`

export async function view(ctx: Ctx, tenantId: string): Promise<LogoView> {
  const [row] = await logos.ofTenants(ctx.tx, [tenantId])
  if (!row) return { logo: null }
  return {
    logo: {
      url: addressOf(tenantId, row.sha256),
      type: row.type,
      width: row.width,
      height: row.height,
      bytes: row.bytes,
      updatedAt: row.updated_at.toISOString(),
    },
  }
}

/** Sets the logo. What it is, its own bytes say. @throws AppError not_found, invalid_input */
export async function upload(ctx: Ctx, tenantId: string, base64: string): Promise<LogoView> {
  const data = Buffer.from(base64, 'base64')
  const header = readImageHeader(data)
  if (data.length > LOGO_BYTES) throw refused(`has ${data.length} bytes; at most ${LOGO_BYTES} are taken`)
  if (!header) throw refused('is no PNG, JPEG or WebP')
  const { type, width, height } = header
  if (width < 1 || height < 1 || width > LOGO_PIXELS || height > LOGO_PIXELS)
    throw refused(`is ${width} by ${height} pixels; at most ${LOGO_PIXELS} by ${LOGO_PIXELS} are taken`)
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  const before = await view(ctx, tenantId)
  const sha256 = createHash('sha256').update(data).digest('hex')
  await logos.write(ctx.tx, { tenant_id: tenantId, type, width, height, sha256, data, updated_at: ctx.now() })
  await record(ctx, tenant, [before.logo?.url ?? null, addressOf(tenantId, sha256)])
  return view(ctx, tenantId)
}

const refused = (what: string): AppError =>
  new AppError('invalid_input', `The picture ${what}.`, { errors: [{ path: 'data', message: what }] })

/** Takes the logo away; without one nothing changes. @throws AppError not_found */
export async function remove(ctx: Ctx, tenantId: string): Promise<LogoView> {
  const tenant = await tenants.lock(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  const before = await view(ctx, tenantId)
  await logos.remove(ctx.tx, tenantId)
  await record(ctx, tenant, [before.logo?.url ?? null, null])
  return { logo: null }
}

/** The tenant's picture itself, for what is drawn here. */
export const pictureOf = (ctx: Ctx, tenantId: string): Promise<{ type: string; data: Buffer } | undefined> =>
  logos.current(ctx.tx, tenantId)

/** The picture behind an address, for everybody who knows it: mails and log-in pages show it. @throws AppError not_found */
export async function picture(
  root: Root,
  tenantId: string,
  sha256: string,
): Promise<{ type: string; data: Buffer }> {
  const found = await root.db.transaction([tenantId], (tx) => logos.picture(tx, tenantId, sha256))
  if (!found) throw notFound('logo')
  return found
}

const record = (ctx: Ctx, tenant: { id: string; name: string }, logo: [unknown, unknown]): Promise<void> =>
  auditService.record(ctx, {
    action: 'TENANT_LOGO_CHANGED',
    tenantId: tenant.id,
    target: { type: 'tenant', id: tenant.id, label: tenant.name },
    diff: { logo },
  })
