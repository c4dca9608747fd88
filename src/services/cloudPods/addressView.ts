import type { FindingKind } from '../../../shared/states/finding.ts'
import type { Ctx } from '../../context.ts'
import * as claims from '../../db/cloudPodClaims.ts'
import type { Claim } from '../../db/cloudPodClaims.ts'
import * as findings from '../../db/provisioningFindings.ts'
import type { Facts } from '../../db/provisioningFindings.ts'
import * as sources from '../../db/provisioningSources.ts'
import type { SourcedPool } from '../../db/provisioningSources.ts'
import type { Entry } from '../../integrations/netbox/types.ts'
import { isUuid } from '../../lib/ids.ts'
import { differsFrom, idIn, saidOf } from './addressSaid.ts'
import { close, note } from './findings.ts'

/** What was read of a pool in its NetBox. */
export type AddressView = {
  vrfId: number | null
  entries: Entry[]
  /** Ranges that count as full. */
  full: { first: string; last: string }[]
}

type Seen = {
  kind: FindingKind
  address: string
  podId: string | null
  expected: string
  found: string
  entry?: Facts['entry']
}

const tell = ({ id, status, description, mark }: Entry): string =>
  `${status}, “${description}”${mark === null ? '' : `, marked ${mark}`} (number ${id})`

/** By what each entry is ours, if it is. */
function ownOf(pool: SourcedPool, entries: readonly Entry[]): Map<string, Entry[]> {
  const own = new Map<string, Entry[]>()
  for (const entry of entries) {
    const id = idIn(pool, entry.mark)
    if (id !== null) own.set(id, [...(own.get(id) ?? []), entry])
  }
  return own
}

/** Claims of which the list says something else than was settled: each is read itself before anything is concluded. */
export async function suspectsIn(ctx: Ctx, pool: SourcedPool, entries: readonly Entry[]): Promise<Claim[]> {
  const own = ownOf(pool, entries)
  return (await claims.ofPool(ctx.tx, pool.id)).filter((claim) => {
    if (!claim.settled || claim.refused) return false
    const [entry] = own.get(claim.id) ?? []
    return !entry || differsFrom(entry, saidOf(pool, claim)).length > 0
  })
}

/**
 * Writes down what others hold, and what differs. Whatever is still to be told is left out: it is about to change.
 * @param reread what the suspects were when they were read themselves, by claim
 */
export async function recordView(
  ctx: Ctx,
  pool: SourcedPool,
  view: AddressView,
  reread: ReadonlyMap<string, Entry[]>,
): Promise<void> {
  const all = await claims.ofPool(ctx.tx, pool.id)
  const own = ownOf(pool, view.entries)
  const mine = new Set(all.map(({ id }) => id))
  const others = view.entries.filter((entry) => {
    const id = idIn(pool, entry.mark)
    const isOurGateway = id === pool.id && entry.address === pool.gateway
    return id === null || !(mine.has(id) || isOurGateway)
  })
  await sources.noteCompared(ctx.tx, pool.id, { problem: null, vrf: view.vrfId, at: ctx.now() })
  await sources.replaceTaken(
    ctx.tx,
    pool.id,
    others.map(({ address }) => address),
    view.full,
  )
  const elsewhere = Map.groupBy(others, ({ address }) => address)
  const seen: Seen[] = []
  for (const claim of all) {
    if (!claim.settled) continue
    const beside = elsewhere.get(claim.address) ?? []
    if (claim.refused) seen.push(...(await refusedStill(ctx, claim, beside)))
    else {
      seen.push(...ofClaim(pool, claim, own.get(claim.id) ?? [], reread.get(claim.id)))
      if (beside.length > 0) seen.push(contested(claim, beside))
    }
  }
  for (const entry of others) seen.push(...(await leaked(ctx, pool, entry)))
  await settleFindings(ctx, pool, all, seen)
}

function ofClaim(
  pool: SourcedPool,
  claim: Claim,
  listed: readonly Entry[],
  reread: readonly Entry[] | undefined,
): Seen[] {
  const said = saidOf(pool, claim)
  const [entry] = reread ?? listed
  const about = { address: claim.address, podId: claim.podId }
  if (!entry) {
    // Without a closer look absence is not believed.
    if (reread === undefined) return []
    return [{ kind: 'address_lost', ...about, expected: said.status, found: 'not in NetBox' }]
  }
  const wrong = differsFrom(entry, said) as (keyof typeof said)[]
  if (wrong.length === 0) return []
  const list = (of: typeof said): string => wrong.map((key) => `${key} ${String(of[key])}`).join(', ')
  return [{ kind: 'address_changed', ...about, expected: list(said), found: list(entry) }]
}

const contested = ({ address, podId, hostname }: Claim, beside: readonly Entry[]): Seen => ({
  kind: 'address_contested',
  address,
  podId,
  expected: hostname === null ? 'an address of mPanel alone' : `the address of ${hostname} alone`,
  found: beside.map(tell).join('; '),
})

/** Once nobody has it there any more, it is asked for again. */
async function refusedStill(ctx: Ctx, claim: Claim, beside: readonly Entry[]): Promise<Seen[]> {
  if (beside.length > 0) return claim.podId === null ? [] : [contested(claim, beside)]
  await claims.again(ctx.tx, claim.id)
  return []
}

/** Our mark on what is not known here: what a lost answer, or an older database, has left. */
async function leaked(ctx: Ctx, pool: SourcedPool, entry: Entry): Promise<Seen[]> {
  const id = idIn(pool, entry.mark)
  if (id === null) return []
  if (isUuid(id) && (await claims.exists(ctx.tx, id))) return []
  return [
    {
      kind: 'address_leaked',
      address: entry.address,
      podId: null,
      expected: 'no such address',
      found: tell(entry),
      entry: { id, netboxId: entry.id },
    },
  ]
}

type Named = { kind: string; address: string | null }
const is = (a: Named, b: Named): boolean => a.kind === b.kind && a.address === b.address

async function settleFindings(
  ctx: Ctx,
  pool: SourcedPool,
  all: readonly Claim[],
  seen: readonly Seen[],
): Promise<void> {
  const live = await findings.liveOfPool(ctx.tx, pool.id)
  const untold = new Set(all.filter(({ settled }) => !settled).map(({ address }) => address))
  for (const { podId, entry, ...one } of seen) {
    if (untold.has(one.address)) continue
    const place = {
      clusterId: pool.clusterId,
      vmid: null,
      pod: podId === null ? null : { id: podId },
      pool: { id: pool.id, address: one.address },
    }
    const difference = { ...one, label: one.address, ...(entry === undefined ? {} : { facts: { entry } }) }
    await note(
      ctx,
      place,
      difference,
      live.filter((known) => is(known, one)),
    )
  }
  for (const known of live)
    if (!untold.has(known.address ?? '') && !seen.some((one) => is(known, one))) await close(ctx, known)
}
