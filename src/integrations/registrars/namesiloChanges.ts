import { ok, type Outcome } from '../../lib/outcome.ts'
import { listOf, record, text, type Params, type Reply } from './namesiloHttp.ts'
import type { Wired } from './namesiloWires.ts'
import type { DsRecord, Registrar } from './types.ts'

/** What is set at NameSilo: it may be repeated. */
export type Changes = Pick<
  Registrar,
  | 'setNameservers'
  | 'setHost'
  | 'removeHost'
  | 'setDs'
  | 'setContacts'
  | 'setLock'
  | 'setPrivacy'
  | 'authCode'
>
export const asServers = (hosts: readonly string[]): Params =>
  Object.fromEntries(hosts.map((host, at) => [`ns${at + 1}`, host]))

const key = (row: DsRecord): string =>
  [row.keyTag, row.algorithm, row.digestType, row.digest.toUpperCase()].join(' ')

export function changes({ call, tell, ensureContacts }: Wired): Changes {
  const setGlue = async (host: string, addresses: readonly string[]): Promise<Outcome<null>> => {
    const params = {
      ...glueParams(host),
      ...Object.fromEntries(addresses.map((address, at) => [`ip${at + 1}`, address])),
    }
    const changed = await tell('modifyRegisteredNameServer', params)
    if (changed.outcome !== 'rejected' || changed.code !== 'not_found') return changed
    return tell('addRegisteredNameServer', params)
  }

  return {
    async setNameservers(_id, name, servers) {
      for (const { host, addresses } of servers.filter((one) => one.host.endsWith(`.${name}`))) {
        const made = await setGlue(host, addresses)
        if (made.outcome !== 'ok') return made
      }
      return tell('changeNameServers', { domain: name, ...asServers(servers.map(({ host }) => host)) })
    },
    setHost: (_id, host, addresses) => setGlue(host, addresses),
    removeHost: (_id, host) => tell('deleteRegisteredNameServer', glueParams(host)),
    async setDs(_id, name, records) {
      const listed = await call('dnsSecListRecords', { domain: name })
      if (listed.outcome !== 'ok') return listed
      const has = listOf(listed.value['ds_record']).map(record).map(dsOf)
      const calls = [
        ...has
          .filter((row) => !records.some((other) => key(other) === key(row)))
          .map((row) => ['dnsSecDeleteRecord', row] as const),
        ...records
          .filter((row) => !has.some((other) => key(other) === key(row)))
          .map((row) => ['dnsSecAddRecord', row] as const),
      ]
      for (const [operation, row] of calls) {
        const done = await tell(operation, {
          domain: name,
          digest: row.digest,
          keyTag: row.keyTag,
          digestType: row.digestType,
          alg: row.algorithm,
        })
        if (done.outcome !== 'ok') return done
      }
      return ok(null)
    },
    async setContacts(_id, name, contacts) {
      const ids = await ensureContacts(contacts)
      if (ids.outcome !== 'ok') return ids
      const { registrant = '', admin = '', tech = '', billing = '' } = ids.value
      return tell('contactDomainAssociate', {
        domain: name,
        registrant,
        administrative: admin,
        technical: tech,
        billing,
      })
    },
    setLock: (_id, name, locked) => tell(locked ? 'domainLock' : 'domainUnlock', { domain: name }),
    setPrivacy: (_id, name, on) => tell(on ? 'addPrivacy' : 'removePrivacy', { domain: name }),
    async authCode(_id, name) {
      const asked = await call('retrieveAuthCode', { domain: name })
      return asked.outcome === 'ok' ? ok(null) : asked
    },
  }
}

const glueParams = (host: string): Params => {
  const [label = '', ...rest] = host.split('.')
  return { domain: rest.join('.'), new_host: label, current_host: label }
}

const dsOf = (row: Reply): DsRecord => ({
  keyTag: Number(row['key_tag']),
  algorithm: Number(row['algorithm']),
  digestType: Number(row['digest_type']),
  digest: text(row['digest']).toUpperCase(),
})
