import { ok, rejected, unknown, type Outcome } from '../../lib/outcome.ts'
import { asked, notify, pathOf, rowOf, type Call } from './powerdnsHttp.ts'
import type { TransferKey, Transfers } from './types.ts'

const ALGORITHM = 'hmac-sha256'
const idOf = ({ name }: TransferKey): string => `${name}.`

/** The key, then the catalog, which is copied with the same key. */
export async function prepareTransfers(call: Call, transfers: Transfers): Promise<Outcome<null>> {
  const known = await setKey(call, transfers.key)
  if (known.outcome !== 'ok' || transfers.catalog === null) return known
  const there = await makeCatalog(call, transfers.catalog)
  if (there.outcome !== 'ok') return there
  // A catalog is in none itself.
  return setTransfers(call, transfers.catalog.name, { ...transfers, catalog: null })
}

/** One that is there gets this secret. */
async function setKey(call: Call, key: TransferKey): Promise<Outcome<null>> {
  const made = await call('POST', '/tsigkeys', { name: key.name, algorithm: ALGORITHM, key: key.secret })
  if (made.outcome !== 'rejected' || made.code !== 'exists') return asked(Promise.resolve(made), () => null)
  return asked(
    call('PUT', `/tsigkeys/${encodeURIComponent(idOf(key))}`, { algorithm: ALGORITHM, key: key.secret }),
    () => null,
  )
}

/** PowerDNS lists the zones in it by itself. Versions before 4.7 know no such zones, and make an ordinary one. */
async function makeCatalog(
  call: Call,
  { name, owner, primary, contact }: NonNullable<Transfers['catalog']>,
): Promise<Outcome<null>> {
  const look = () => asked(call('GET', `${pathOf(name)}?rrsets=false`), rowOf)
  let there = await look()
  if (there.outcome === 'rejected' && there.code === 'missing') {
    const record = (type: string, content: string) => ({
      name,
      type,
      ttl: 3_600,
      records: [{ content, disabled: false }],
    })
    const made = await call('POST', '/zones?rrsets=false', {
      name,
      kind: 'Producer',
      account: owner,
      soa_edit_api: 'DEFAULT',
      rrsets: [record('SOA', `${primary} ${contact} 0 3600 600 1209600 3600`), record('NS', 'invalid.')],
    })
    if (made.outcome !== 'ok') return asked(Promise.resolve(made), () => null)
    there = await look()
  }
  if (there.outcome !== 'ok') return there
  const { kind, account } = there.value
  if (account !== owner) return rejected('exists', `There is a zone ${name} that mPanel has not made.`)
  return kind === 'Producer'
    ? ok(null)
    : rejected('unsupported', 'This version of PowerDNS has no catalog zones: 4.7 or later does.')
}

/** Of `192.0.2.53:53` or `[2001:db8::53]:53`. */
const hostOf = (place: string): string => place.replace(/:\d+$/, '').replaceAll('[', '').replaceAll(']', '')

/** The key and the catalog are settings of the zone; whom to tell is metadata. */
export async function setTransfers(
  call: Call,
  name: string,
  transfers: Transfers | null,
): Promise<Outcome<null>> {
  const wanted = {
    master_tsig_key_ids: transfers === null ? [] : [idOf(transfers.key)],
    catalog: transfers?.catalog?.name ?? '',
  }
  const secondaries = transfers?.secondaries ?? []
  // Of zones that they know from a catalog, secondaries with PowerDNS 4.7 show no key: their addresses have to do.
  const byAddress = wanted.catalog === '' ? [] : secondaries.map(hostOf)
  const set = await call('PUT', pathOf(name), wanted)
  if (set.outcome !== 'ok') return asked(Promise.resolve(set), () => null)
  for (const [kind, metadata] of [
    ['ALSO-NOTIFY', secondaries],
    ['ALLOW-AXFR-FROM', byAddress],
  ] as const) {
    const noted = await call('PUT', `${pathOf(name)}/metadata/${kind}`, { kind, metadata })
    if (noted.outcome !== 'ok') return asked(Promise.resolve(noted), () => null)
  }
  const there = await asked(call('GET', `${pathOf(name)}?rrsets=false`), rowOf)
  if (there.outcome !== 'ok') return there
  const { master_tsig_key_ids: keys, catalog = '' } = there.value
  if (JSON.stringify([keys, catalog]) !== JSON.stringify([wanted.master_tsig_key_ids, wanted.catalog]))
    return unknown('PowerDNS has not kept who may copy the zone.')
  await notify(call, name)
  return ok(null)
}
