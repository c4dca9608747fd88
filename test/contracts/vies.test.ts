import { afterEach, beforeEach, expect, test } from 'vitest'
import { startViesSim, type ViesSim } from '../../sim/vies/server.ts'
import { createVies } from '../../src/integrations/vies/client.ts'
import { networks, sendOutgoing, type OutgoingRequest } from '../../src/lib/outgoing.ts'

const TAX_ID = 'IT00743110157'
const OWN = 'DE811907980'

let sim: ViesSim
beforeEach(async () => {
  sim = await startViesSim()
  sim.given.set(TAX_ID, 'ACME S.p.A.')
})
afterEach(() => sim.close())

const send = (request: OutgoingRequest) => sendOutgoing(networks(['127.0.0.0/8']), request)
const check = (taxId = TAX_ID, requester: string | null = null, timeoutMs = 300) =>
  createVies(send, sim.url, timeoutMs).check(taxId, requester)

test('a number that was given out is valid, and whoever names himself gets the number of the consultation', async () => {
  expect(await check()).toEqual({
    outcome: 'ok',
    value: { isValid: true, reference: null, traderName: 'ACME S.p.A.' },
  })
  const proven = await check(TAX_ID, OWN)
  const [, call] = sim.calls
  expect(call).toMatchObject({ taxId: TAX_ID, requester: OWN })
  expect(proven).toMatchObject({ value: { isValid: true, reference: call?.reference } })
})

test('a number that nobody was given is not valid; a member state that does not tell a name tells none', async () => {
  expect(await check('IT00743110158')).toMatchObject({ value: { isValid: false, traderName: null } })
  sim.given.set('DE811907980', null)
  expect(await check('DE811907980')).toMatchObject({ value: { isValid: true, traderName: null } })
})

test.each([
  ['a member state that is away', { error: 'MS_UNAVAILABLE' }, 'unavailable'],
  ['too many at once', { error: 'MS_MAX_CONCURRENT_REQ' }, 'unavailable'],
  ['an error that nobody knows', { error: 'SOMETHING_NEW' }, 'unavailable'],
  ['too many calls', { status: 429 }, 'unavailable'],
  ['a service that is down', { status: 503 }, 'unavailable'],
])('%s says nothing about the number, and may be asked again', async (_, fault, code) => {
  sim.fault(fault)
  expect(await check()).toMatchObject({ outcome: 'rejected', code, retryable: true })
})

test.each([
  ['a cut connection', { lost: true as const }],
  ['a silence', { delayMs: 900 }],
  ['what is no JSON', { garbled: true as const }],
])('%s is unknown, and neither valid nor invalid', async (_, fault) => {
  sim.fault(fault)
  expect(await check()).toMatchObject({ outcome: 'unknown' })
})

test('a refusal that a repetition does not change is told apart: of the number, of whoever asks, of the caller', async () => {
  expect(await check('XX1')).toMatchObject({ code: 'invalid', retryable: false })
  expect(await check(TAX_ID, 'XX1')).toMatchObject({ code: 'requester', retryable: false })
  sim.fault({ error: 'IP_BLOCKED' })
  expect(await check()).toMatchObject({ code: 'blocked', retryable: false })
})

test('nobody is asked where the guard allows nothing', async () => {
  const guarded = createVies((request) => sendOutgoing(networks([]), request), sim.url)
  expect(await guarded.check(TAX_ID, null)).toMatchObject({ code: 'unreachable', retryable: true })
  expect(sim.calls).toEqual([])
})
