import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DnssecState } from '../../shared/states/domainDnssec.ts'
import type { DelegationSeen } from '../../src/integrations/dns/types.ts'
import { dsOf, dsSetOf, isDsOf, keyTagOf, type DnsKey } from '../../src/lib/dns/dnssec.ts'
import { judge } from '../../src/services/dnsWatch/findings.ts'
import { advance } from '../../src/services/dnsWatch/signing.ts'

const ZONE = 'dskey.example.com.'
const KEY: DnsKey = {
  flags: 256,
  algorithm: 5,
  publicKey:
    'AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==',
}
const OURS: DnsKey = { ...KEY, flags: 257, algorithm: 13 }

test('a key has the tag and the digest that RFC 4034 gives for it', () => {
  expect(keyTagOf(KEY)).toBe(60_485)
  expect(dsOf(ZONE, KEY, 1)).toMatchObject({ digest: '2bb183af5f22588179a53b0a98631fad1a292118' })
  // RFC 4509.
  expect(dsOf(ZONE, KEY, 2)).toMatchObject({
    digest: 'd4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a',
  })
  expect(dsOf(ZONE, KEY, 99)).toBeNull()
  expect(dsSetOf(ZONE, [KEY])).toEqual([])
  expect(isDsOf(ZONE, { ...dsSetOf(ZONE, [OURS])[0]!, digest: 'AB' }, [OURS])).toBe(false)
})

type World = { signed: boolean; ds: boolean; answers: boolean; serves: boolean }

const seenOf = ({ signed, ds, answers, serves }: World): DelegationSeen => ({
  parent: 'com',
  fault: null,
  parents: [
    {
      server: 'a.example.net',
      fault: answers ? null : 'does not answer',
      nameServers: ['ns1.example.net'],
      ds: ds && answers ? dsSetOf(ZONE, [OURS]) : [],
      dsTtl: ds && answers ? 60 : null,
    },
  ],
  servers: [
    {
      host: 'ns1.example.net',
      addresses: ['192.0.2.1'],
      fault: null,
      lame: false,
      serial: 1,
      nameServers: ['ns1.example.net'],
      keys: signed && serves ? [OURS] : [],
      signed: signed && serves,
    },
  ],
  glue: [],
})

const TTL_MS = 60_000
const event = fc.oneof(
  fc.constantFrom('on', 'off', 'look', 'look', 'look', 'silent', 'back', 'lag', 'caughtUp', 'byHand'),
  fc.integer({ min: 1, max: 90 }),
)

test('whatever happens in whatever order, keys go only when no DS stands above or is remembered', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const world: World = { signed: false, ds: false, answers: true, serves: true }
      let state: DnssecState = 'off'
      let [now, rememberedUntil, until] = [0, 0, null as number | null]
      for (const one of events) {
        if (typeof one === 'number') now += one * 1_000
        if (one === 'silent' || one === 'back') world.answers = one === 'back'
        if (one === 'lag' || one === 'caughtUp') world.serves = one === 'caughtUp'
        if (one === 'on' && ['off', 'removing_ds', 'ds_expiring'].includes(state)) {
          state = 'signing'
          world.signed = true
        }
        if (one === 'off' && ['signing', 'ds_pending', 'secure'].includes(state)) state = 'removing_ds'
        // Whoever has the domain follows: sets the DS once it is asked for, takes it away once it is not wanted.
        if (one === 'byHand') {
          if (state === 'ds_pending') world.ds = true
          if (state === 'removing_ds') world.ds = false
        }
        if (world.ds) rememberedUntil = now + TTL_MS
        if (one !== 'look') continue
        const before: DnssecState = state
        const move: ReturnType<typeof advance> = advance(
          {
            zone: ZONE,
            state,
            keys: state === 'off' ? [] : [OURS],
            until: until === null ? null : new Date(until),
            now: new Date(now),
          },
          seenOf(world),
        )
        state = move.to
        if (state !== before) until = state === 'ds_expiring' ? now + TTL_MS : null
        if (state === 'ds_pending' && before === 'signing') expect(world.serves).toBe(true)
        if (state === 'unsigning' && move.server) {
          expect(world.ds).toBe(false)
          expect(now).toBeGreaterThanOrEqual(rememberedUntil)
          world.signed = false
          state = 'off'
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('what is wrong with a delegation is said in words, each with what to do', () => {
  const ours = ['ns1.example.net.', 'ns2.example.net.']
  const seen = seenOf({ signed: true, ds: false, answers: true, serves: true })
  const [first] = seen.servers
  const of = (more: Partial<DelegationSeen>) => {
    const { state, findings } = judge(ZONE, ours, { ...seen, ...more })
    return [state, ...findings.map(({ code }) => code)]
  }
  expect(of({})).toEqual(['delegated', 'name_servers_missing'])
  const [parent] = seen.parents
  const parents = (...nameServers: string[]) => [{ ...parent!, nameServers }]
  const both = ['ns1.example.net', 'ns2.example.net']
  const servers = both.map((host) => ({ ...first!, host, nameServers: both }))
  expect(of({ parents: parents(...both), servers })).toEqual(['delegated'])
  const behind = [servers[0]!, { ...servers[1]!, serial: 4_294_967_290 }]
  expect(of({ parents: parents(...both), servers: behind })).toEqual(['delegated', 'serial_behind'])
  const glue = [{ host: 'ns1.example.net', given: ['192.0.2.9'], served: ['192.0.2.1'] }]
  expect(of({ parents: parents(...both), servers, glue })).toEqual(['delegated', 'glue_differs'])
  expect(of({ parents: parents(...both), servers, glue: [{ ...glue[0]!, given: [] }] })).toEqual([
    'faulty',
    'glue_missing',
  ])
  expect(of({ parents: [...seen.parents, { ...parent!, fault: 'does not answer' }] })).toContain(
    'parent_silent',
  )
})
