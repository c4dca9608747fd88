import type { z } from 'zod'
import type { SslIssuer, sslIssuerCreate, sslIssuerUpdate } from '../../../shared/api/sslIssuers.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as issuers from '../../db/sslIssuers.ts'
import type { IssuerRow, IssuerView } from '../../db/sslIssuers.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { isLost } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { makeRoot, newKey } from '../../lib/x509/make.ts'
import { CertificateFault, certificatesIn } from '../../lib/x509/read.ts'
import * as auditService from '../auditService.ts'

const present = (row: IssuerView): SslIssuer => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  priority: row.priority,
  directoryUrl: row.directory_url,
  caPem: row.ca_pem,
  email: row.email,
  profile: row.profile,
  eabKid: row.eab_kid,
  budget: row.budget,
  domainBudget: row.domain_budget,
  hasAccount: row.has_account,
  keyChangedAt: row.key_changed_at?.toISOString() ?? null,
  isChangingKey: row.is_changing_key,
  problem: row.problem,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export const purposeOfEab = (issuerId: string): string => `sslEab:${issuerId}`
export const purposeOfRoot = (issuerId: string): string => `sslRoot:${issuerId}`

export async function listIssuers(ctx: Ctx, options: ListOptions) {
  const page = await issuers.list(ctx.tx, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getIssuer(ctx: Ctx, id: string): Promise<SslIssuer> {
  return present(await knownIssuer(ctx, id))
}

/** @throws AppError not_found */
export async function knownIssuer(ctx: Ctx, id: string): Promise<IssuerView> {
  const row = await issuers.find(ctx.tx, id)
  if (!row || row.state !== 'active') throw notFound('issuer')
  return row
}

function requireCa(caPem: string | null | undefined): void {
  if (caPem === null || caPem === undefined) return
  try {
    certificatesIn(caPem)
  } catch (error) {
    if (!(error instanceof CertificateFault)) throw error
    throw new AppError('invalid_input', error.message, {
      errors: [{ path: 'caPem', message: error.message }],
    })
  }
}

const taken = (name: string | undefined) => (error: unknown) => {
  if (violatedConstraint(error) !== 'ssl_issuers_name') throw error
  throw new AppError('already_exists', `There is already an issuer named ${name}.`)
}

/** Adds a CA; the key of its external account is sealed and never shown again. @throws AppError already_exists, invalid_input */
export async function addIssuer(ctx: Ctx, body: z.infer<typeof sslIssuerCreate>): Promise<SslIssuer> {
  requireCa(body.caPem)
  const id = newId()
  await issuers
    .insert(ctx.tx, {
      id,
      name: body.name,
      kind: 'acme',
      directory_url: body.directoryUrl,
      ca_pem: body.caPem,
      email: body.email,
      profile: body.profile,
      eab_kid: body.eab?.kid ?? null,
      eab_key_sealed: body.eab === null ? null : ctx.sealer.seal(body.eab.hmacKey, purposeOfEab(id)),
      priority: body.priority,
      budget: body.budget,
      domain_budget: body.domainBudget,
      budget_at: ctx.now(),
      created_at: ctx.now(),
    })
    .catch(taken(body.name))
  await say(ctx, { id, name: body.name }, 'SSL_ISSUER_CREATED', {
    details: { directoryUrl: body.directoryUrl },
  })
  return getIssuer(ctx, id)
}

const say = (
  ctx: Ctx,
  { id, name }: { id: string; name: string },
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'sslIssuer', id, label: name },
    ...more,
  })

/** @throws AppError not_found, already_exists, precondition_failed, invalid_input */
export async function updateIssuer(
  ctx: Ctx,
  id: string,
  change: z.infer<typeof sslIssuerUpdate>,
  version: number | undefined,
): Promise<SslIssuer> {
  const before = await knownIssuer(ctx, id)
  requireVersion(before.version, version)
  requireCa(change.caPem)
  const { caPem, domainBudget, ...rest } = change
  await issuers
    .update(ctx.tx, id, {
      ...rest,
      ...(caPem === undefined ? {} : { ca_pem: caPem }),
      ...(domainBudget === undefined ? {} : { domain_budget: domainBudget }),
    })
    .catch(taken(change.name))
  const { name, ca_pem, email, profile, priority, budget, domain_budget: domainBudgetBefore } = before
  const was = { name, caPem: ca_pem, email, profile, priority, budget, domainBudget: domainBudgetBefore }
  const diff = auditService.diffOf(was, change)
  await say(ctx, before, 'SSL_ISSUER_UPDATED', { diff })
  return getIssuer(ctx, id)
}

/** Nothing new is asked of it from now on; what it has issued stays. @throws AppError not_found, invalid_state */
export async function retireIssuer(ctx: Ctx, id: string): Promise<void> {
  const row = await knownIssuer(ctx, id)
  if (row.kind === 'private')
    throw new AppError('invalid_state', 'The private CA stays: it is used where no other issuer is there.')
  await issuers.update(ctx.tx, id, { state: 'retired' })
  await say(ctx, row, 'SSL_ISSUER_RETIRED')
}

const ROOT_YEARS = 20

/** A new key for the CA inside mPanel, and what has to be trusted for it. */
async function rootFor(ctx: Ctx, id: string): Promise<{ key_sealed: Buffer; root_pem: string }> {
  const keyPem = await newKey()
  const from = new Date(ctx.now().getTime() - 3_600_000)
  const until = new Date(from)
  until.setUTCFullYear(until.getUTCFullYear() + ROOT_YEARS)
  const host = new URL(ctx.settings.publicUrl).hostname
  return {
    key_sealed: ctx.sealer.seal(keyPem, purposeOfRoot(id)),
    root_pem: await makeRoot(`mPanel private CA of ${host}`, keyPem, from, until),
  }
}

/** The CA inside mPanel begins anew where its key was lost: its list of what is revoked is signed by the new root. */
export async function remakeRoot(ctx: Ctx): Promise<void> {
  const row = await issuers.privateOne(ctx.tx)
  if (row && isLost(row.key_sealed))
    await issuers.update(ctx.tx, row.id, { ...(await rootFor(ctx, row.id)), crl: null, crl_at: null })
}

/** The CA inside mPanel, made at first use. */
export async function privateIssuer(ctx: Ctx): Promise<IssuerRow & { root_pem: string; key_sealed: Buffer }> {
  const there = await issuers.privateOne(ctx.tx)
  if (!there) {
    const id = newId()
    await issuers.insertPrivate(ctx.tx, {
      id,
      name: 'Private CA',
      kind: 'private',
      priority: 1000,
      ...(await rootFor(ctx, id)),
      budget_at: ctx.now(),
      created_at: ctx.now(),
    })
  }
  const row = there ?? (await issuers.privateOne(ctx.tx))
  if (!row || row.root_pem === null || row.key_sealed === null) throw new Error('there is no private CA')
  return { ...row, root_pem: row.root_pem, key_sealed: row.key_sealed }
}

/** What has to be trusted so that certificates of the private CA are. @throws AppError not_found before it was used */
export async function privateRoot(ctx: Ctx): Promise<string> {
  const row = await issuers.privateOne(ctx.tx)
  if (!row?.root_pem) throw notFound('private CA yet: it is made with the first certificate of it')
  return row.root_pem
}

/** The issuer that the environment names. What a person has changed of it stays. */
export async function seedIssuer(
  ctx: Ctx,
  { directoryUrl, caPem, email }: { directoryUrl: string; caPem: string | null; email: string | null },
): Promise<void> {
  if (await issuers.byDirectory(ctx.tx, directoryUrl)) return
  const shape = { profile: null, eab: null, priority: 100, budget: 300, domainBudget: null }
  await addIssuer(ctx, { name: new URL(directoryUrl).hostname, directoryUrl, caPem, email, ...shape })
}

/**
 * Who is asked for a certificate: the one it names as long as that is there, else the first that has not just failed, else
 * the CA inside mPanel.
 */
export async function issuerFor(
  ctx: Ctx,
  wanted: { issuerId: string | null; avoid: string | null },
): Promise<IssuerRow> {
  const active = await issuers.active(ctx.tx)
  const named = active.find(({ id }) => id === wanted.issuerId)
  if (named) return named
  const outside = active.filter(({ kind }) => kind === 'acme')
  return outside.find(({ id }) => id !== wanted.avoid) ?? outside[0] ?? (await privateIssuer(ctx))
}

/** Whether somebody else can be asked in its place. */
export const hasAlternative = async (ctx: Ctx, issuerId: string): Promise<boolean> =>
  (await issuers.active(ctx.tx)).some(({ id, kind }) => kind === 'acme' && id !== issuerId)

export const noteIssuerProblem = (ctx: Ctx, id: string, problem: string | null): Promise<void> =>
  issuers.update(ctx.tx, id, { problem })
