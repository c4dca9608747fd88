import type { Ctx } from '../../context.ts'
import * as certificates from '../../db/sslCertificates.ts'
import type { CertificateRow } from '../../db/sslCertificates.ts'
import * as issuers from '../../db/sslIssuers.ts'
import type { IssuerRow } from '../../db/sslIssuers.ts'
import * as orders from '../../db/sslOrders.ts'
import type { ChallengeRow, OrderRow } from '../../db/sslOrders.ts'
import { AppError, notFound } from '../../errors.ts'
import type { AcmeAuthorization, AcmeOrder } from '../../integrations/acme/types.ts'
import { newId } from '../../lib/ids.ts'
import * as dnsZoneService from '../dnsZoneService.ts'
import type { IssuePayload } from '../sslQueues.ts'
import { accountFor, type Account } from './accounts.ts'
import { noteIssuerProblem } from './issuers.ts'
import { keyOf, purposeOfKey } from './knowing.ts'

/** What the job that has a certificate issued reads and writes, each in the transaction of its caller. */

export type Opened = { certificate: CertificateRow; order: OrderRow; issuer: IssuerRow }

/** @throws AppError not_found */
export async function open(ctx: Ctx, { tenantId, certificateId, orderId }: IssuePayload): Promise<Opened> {
  const certificate = await certificates.find(ctx.tx, certificateId)
  const order = await orders.find(ctx.tx, tenantId, orderId)
  const issuer = order && (await issuers.find(ctx.tx, order.issuer_id))
  if (!certificate || !order || !issuer) throw notFound('order')
  return { certificate, order, issuer }
}

/** The names that no proven domain of the tenant holds any more. */
export const unprovenNames = (ctx: Ctx, { tenant_id, names }: CertificateRow): Promise<string[]> =>
  certificates.unproven(ctx.tx, tenant_id, names)

/** The same of a certificate by its id. @throws AppError not_found */
export async function unprovenOf(ctx: Ctx, certificateId: string): Promise<string[]> {
  const row = await certificates.find(ctx.tx, certificateId)
  if (!row) throw notFound('certificate')
  return unprovenNames(ctx, row)
}

export const keepOrder = (ctx: Ctx, orderId: string, order: AcmeOrder): Promise<void> =>
  orders.update(ctx.tx, orderId, {
    url: order.url,
    authorizations: order.authorizations,
    finalize_url: order.finalizeUrl,
  })

/** How the issuer of an order is, for those who run it. */
export async function noteOrderIssuer(
  ctx: Ctx,
  payload: IssuePayload,
  problem: string | null,
): Promise<void> {
  const { issuer } = await open(ctx, payload)
  await noteIssuerProblem(ctx, issuer.id, problem)
}

/** Next time it is not said which certificate is replaced: the CA does not want to hear it. */
export const forgetReplaces = (ctx: Ctx, orderId: string): Promise<void> =>
  orders.update(ctx.tx, orderId, { replaces: null })

export const keepRetryAt = (ctx: Ctx, orderId: string, afterMs: number): Promise<void> =>
  orders.update(ctx.tx, orderId, { retry_at: new Date(ctx.now().getTime() + afterMs) })

export const ordersKnown = (ctx: Ctx, issuerId: string, urls: readonly string[]): Promise<Set<string>> =>
  orders.knownUrls(ctx.tx, issuerId, urls)

const recordName = (name: string): string => `_acme-challenge.${name}`

/**
 * How a name is proven: by DNS where its zone is ours, else by HTTP.
 * @throws AppError invalid_state when neither can be
 */
export async function methodFor(
  ctx: Ctx,
  certificate: CertificateRow,
  name: string,
  wildcard: boolean,
): Promise<Proof['type']> {
  const wanted = certificate.challenge
  if (wanted === 'http-01' || wanted === 'tls-alpn-01') return wanted
  const isOurs = (await dnsZoneService.zoneHolding(ctx, recordName(name))) !== null
  if (isOurs) return 'dns-01'
  if (wanted === 'auto' && !wildcard) return 'http-01'
  throw new AppError(
    'invalid_state',
    `The zone of ${name} is not kept by mPanel, so that ${wildcard ? 'its wildcard' : 'it'} cannot be proven by DNS: have mPanel keep the zone, or ask for names without a wildcard.`,
  )
}

export type Proof = {
  authorization: AcmeAuthorization
  type: 'dns-01' | 'http-01' | 'tls-alpn-01'
  token: string
  url: string
  value: string
}

export const keepChallenges = (ctx: Ctx, order: OrderRow, proofs: readonly Proof[]): Promise<void> =>
  orders.addChallenges(
    ctx.tx,
    proofs.map(({ authorization, ...proof }) => ({
      id: newId(),
      tenant_id: order.tenant_id,
      order_id: order.id,
      name: authorization.name,
      wildcard: authorization.wildcard,
      type: proof.type,
      token: proof.token,
      value: proof.value,
      url: proof.url,
      authorization_url: authorization.url,
      created_at: ctx.now(),
    })),
  )

export const challenges = (ctx: Ctx, { tenantId, orderId }: IssuePayload): Promise<ChallengeRow[]> =>
  orders.challengesOf(ctx.tx, tenantId, [orderId])

const ownerOf = (orderId: string): string => `acme:${orderId}`
/** A record that nobody has taken away goes by itself. */
const RECORD_LIFE_MS = 6 * 3_600_000

/** Shows the proofs: by records in zones of ours, and by what our own server answers. @throws AppError invalid_state */
export async function presentProofs(ctx: Ctx, payload: IssuePayload): Promise<void> {
  const expiresAt = new Date(ctx.now().getTime() + RECORD_LIFE_MS)
  for (const challenge of await challenges(ctx, payload)) {
    const place =
      challenge.type === 'dns-01'
        ? await dnsZoneService.presentTxt(ctx, {
            name: recordName(challenge.name),
            value: challenge.value,
            owner: ownerOf(payload.orderId),
            expiresAt,
          })
        : null
    if (challenge.type === 'dns-01' && place === null)
      throw new AppError('invalid_state', `The zone of ${challenge.name} is no longer kept by mPanel.`)
    await orders.updateChallenge(ctx.tx, challenge.id, {
      presented_at: ctx.now(),
      zone_id: place?.zoneId ?? null,
      revision: place === null ? null : BigInt(place.revision),
    })
  }
}

/** The name of a proof that its servers do not show yet, or null. */
export async function unserved(ctx: Ctx, payload: IssuePayload): Promise<string | null> {
  for (const { zone_id: zoneId, revision, name } of await challenges(ctx, payload))
    if (
      zoneId !== null &&
      revision !== null &&
      !(await dnsZoneService.isServed(ctx, zoneId, Number(revision)))
    )
      return recordName(name)
  return null
}

/** The records that are shown, and the zones that they stand in; CNAMEs in zones of ours are followed. */
export async function shown(
  ctx: Ctx,
  payload: IssuePayload,
): Promise<{ zone: string; name: string; value: string }[]> {
  const found = []
  for (const { zone_id: zoneId, name, value } of await challenges(ctx, payload)) {
    const place = zoneId === null ? null : await dnsZoneService.placeOfTxt(ctx, recordName(name))
    if (place !== null) found.push({ ...place, value })
  }
  return found
}

export const noteAnswered = (ctx: Ctx, challengeId: string): Promise<void> =>
  orders.updateChallenge(ctx.tx, challengeId, { answered_at: ctx.now() })

/** Takes the proofs away. Safe to call again. */
export async function removeProofs(ctx: Ctx, { orderId }: IssuePayload): Promise<void> {
  await dnsZoneService.removeTxt(ctx, ownerOf(orderId))
  await orders.markCleaned(ctx.tx, orderId, ctx.now())
}

/** The private key of what is being issued: a new one each time, the first one kept. */
export async function keepKey(ctx: Ctx, order: OrderRow, keyPem: string): Promise<string> {
  const there = (await orders.find(ctx.tx, order.tenant_id, order.id))?.key_sealed
  if (there) return keyOf(ctx, { id: order.id, key_sealed: there })
  await orders.update(ctx.tx, order.id, { key_sealed: ctx.sealer.seal(keyPem, purposeOfKey(order.id)) })
  return keyPem
}

/** What is answered by HTTP for a token. @throws AppError not_found */
export async function answerToToken(ctx: Ctx, token: string): Promise<string> {
  const value = await orders.answerTo(ctx.tx, token)
  if (value === null) throw notFound('challenge')
  return value
}

/** The digest that proves a name by TLS while its order is open, or null. */
export async function digestFor(ctx: Ctx, name: string): Promise<Buffer | null> {
  const value = await orders.digestOf(ctx.tx, name)
  return value === null ? null : Buffer.from(value, 'base64url')
}

/** What is needed to revoke a version. account: null for what the private CA has signed. @throws AppError not_found */
export async function revocationOf(
  ctx: Ctx,
  { tenantId, versionId }: { tenantId: string; versionId: string },
): Promise<{ chainPem: string; account: Account | null }> {
  const version = await certificates.findVersion(ctx.tx, tenantId, versionId)
  const issuer = version?.issuer_id ? await issuers.find(ctx.tx, version.issuer_id) : undefined
  if (!version || !issuer) throw notFound('version')
  return {
    chainPem: version.chain_pem,
    account: issuer.kind === 'private' ? null : await accountFor(ctx, issuer),
  }
}
