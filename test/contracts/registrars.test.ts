import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNameSiloSim, type NameSiloSim } from '../../sim/namesilo/server.ts'
import * as registry from '../../sim/registry/domains.ts'
import * as transfers from '../../sim/registry/transfers.ts'
import { startRegistrySim, type RegistrySim } from '../../sim/registry/server.ts'
import { accountOf, type World } from '../../sim/registry/world.ts'
import { createRegistrar } from '../../src/integrations/registrars/client.ts'
import { outcomeOf, transferStatus } from '../../src/integrations/registrars/namesiloCodes.ts'
import { parseXml } from '../../src/integrations/registrars/eppXml.ts'
import type { Registrar } from '../../src/integrations/registrars/types.ts'
import { newId } from '../../src/lib/ids.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import { contactOf, newName, register, registrarContract, valueOf, type Place } from './registrars.ts'

const allowed = networks(['127.0.0.0/8'])
const send = (request: Parameters<typeof sendOutgoing>[1]) => sendOutgoing(allowed, request)

let sim: RegistrySim
let epp: Registrar
let silo: NameSiloSim
let namesilo: Registrar
const connection = () => ({
  kind: 'epp' as const,
  host: '127.0.0.1',
  port: sim.port,
  clientId: 'mpanel',
  password: 'simulated-1',
  currency: 'USD',
  contacts: true,
  ca: sim.caPem,
  timeoutMs: 2_000,
})

beforeAll(async () => {
  sim = await startRegistrySim()
  epp = createRegistrar(send, connection())
  silo = await startNameSiloSim()
  namesilo = createRegistrar(send, { kind: 'namesilo', url: silo.url, key: silo.key, currency: 'USD' })
})
afterAll(async () => {
  await epp.close()
  await sim.close()
  await silo.close()
})

function foreign(world: World, now: number, name: string, authCode: string): void {
  const asked = {
    name,
    years: 1,
    hosts: [],
    registrant: null,
    contacts: [],
    ds: [],
    fee: null,
    clTRID: '',
  }
  registry.create(world, { account: 'other', now }, { ...asked, authCode })
}

const allAt = (minor: number) => ({
  createMinor: minor,
  renewMinor: minor,
  transferMinor: minor,
  restoreMinor: minor,
})

const EPP_VERBS = { register: 'create', renew: 'renew', setNameservers: 'update' } as const
const SILO_OPERATIONS = {
  register: 'registerDomain',
  renew: 'renewDomain',
  setNameservers: 'changeNameServers',
} as const

registrarContract('EPP', (): Place => {
  const from = sim.calls.length
  return {
    registrar: epp,
    cutAfter: (deed) => {
      // The command about the domain itself: hosts and contacts are made before it.
      if (deed === 'register') sim.fault({ verb: 'create', cut: 'after', object: 'domain' })
      else sim.fault({ verb: EPP_VERBS[deed], cut: 'after', object: 'domain' })
    },
    funds: (minor) => sim.balance('mpanel', minor),
    foreign: (name, code) => foreign(sim.world, sim.now(), name, code),
    agree: (name) =>
      void transfers.answerTransfer(sim.world, { account: 'other', now: sim.now() }, name, 'approve'),
    premium: (name, minor) => void (sim.world.premium[name] = allAt(minor)),
    bought: (deed) =>
      sim.calls
        .slice(from)
        .filter(({ verb, kind, code }) => verb === EPP_VERBS[deed] && kind === 'domain' && code === 1000)
        .length,
  }
})

registrarContract('NameSilo', (): Place => {
  const from = silo.calls.length
  return {
    registrar: namesilo,
    cutAfter: (deed) => silo.fault({ operation: SILO_OPERATIONS[deed], cut: 'after' }),
    funds: (minor) => void (accountOf(silo.world, 'namesilo').balanceMinor = minor),
    foreign: (name, code) => foreign(silo.world, silo.now(), name, code),
    agree: (name) =>
      void transfers.answerTransfer(silo.world, { account: 'other', now: silo.now() }, name, 'approve'),
    premium: (name, minor) => void (silo.world.premium[name] = allAt(minor)),
    bought: (deed) =>
      silo.calls
        .slice(from)
        .filter(({ operation, code }) => operation === SILO_OPERATIONS[deed] && code === 300).length,
  }
})

describe('EPP', () => {
  test('a registry is trusted by its certificate only, and a wrong password is not tried again and again', async () => {
    const stranger = createRegistrar(send, { ...connection(), ca: undefined })
    expect(await stranger.check(['a.example'])).toMatchObject({ outcome: 'rejected', code: 'unreachable' })
    const wrong = createRegistrar(send, { ...connection(), password: 'wrong-word' })
    const logins = () => sim.calls.filter(({ verb }) => verb === 'login').length
    const before = logins()
    for (let time = 0; time < 3; time += 1)
      expect(await wrong.check(['a.example'])).toMatchObject({ outcome: 'rejected', code: 'unauthorized' })
    expect(logins()).toBe(before + 1)
    await Promise.all([stranger.close(), wrong.close()])
  })

  test('an answer that comes twice, late or as a fault of the server is taken for what it is', async () => {
    const mine = newName()
    sim.fault({ verb: 'check', twice: true })
    valueOf(await epp.check([mine]))
    valueOf(await epp.info(mine))
    // 2400 may have been done: it is looked up, and was.
    sim.fault({ verb: 'create', code: 2400, done: true, object: 'domain' })
    expect(await register(epp, mine)).toMatchObject({ outcome: 'unknown' })
    expect(valueOf(await epp.info(mine))).toMatchObject({ ours: true })
    const late = createRegistrar(send, { ...connection(), timeoutMs: 300 })
    valueOf(await late.info(mine))
    sim.fault({ verb: 'update', delayMs: 600 })
    expect(await late.setLock(newId(), mine, true)).toMatchObject({ outcome: 'unknown' })
    expect(valueOf(await late.info(mine))).toMatchObject({ name: mine })
    await late.close()
  })

  test('life and death of a domain: grace, redemption, restore, deletion, and what the queue tells', async () => {
    accountOf(sim.world, 'mpanel').messages = []
    const mine = newName()
    valueOf(await register(epp, mine))
    const pending = `pending-${mine}`
    expect(await register(epp, pending)).toMatchObject({ outcome: 'pending' })
    expect(valueOf(await epp.info(pending))).toMatchObject({ phase: 'pending_registry' })
    sim.decide(pending, true)
    const told = valueOf(await epp.poll())
    expect(told).toMatchObject({ about: 'pending_action', name: pending })
    valueOf(await epp.acknowledge(told!.id))
    valueOf(await epp.acknowledge(told!.id))
    const phase = async () => valueOf(await epp.info(mine))?.phase ?? null
    sim.advanceDays(366)
    // The client judges by its own clock, which has not moved: the registry's status says more.
    expect(valueOf(await epp.info(mine))?.statuses).toContain('autoRenewPeriod')
    sim.advanceDays(46)
    expect(await phase()).toBe('redemption')
    valueOf(await epp.restore(newId(), mine, null))
    expect(['active', 'expired_grace']).toContain(await phase())
    expect(await epp.remove(newId(), mine)).toMatchObject({ outcome: 'pending' })
    expect(await phase()).toBe('redemption')
    sim.advanceDays(31)
    expect(await phase()).toBe('pending_delete')
    sim.advanceDays(5)
    expect(await phase()).toBeNull()
    valueOf(await epp.remove(newId(), mine))
    const moving = newName()
    valueOf(await register(epp, moving))
    sim.askAway(moving)
    const asked = valueOf(await epp.poll())
    expect(asked).toMatchObject({ about: 'transfer_out', name: moving })
    valueOf(await epp.acknowledge(asked!.id))
    expect(valueOf(await epp.info(moving))).toMatchObject({ phase: 'transfer_out_pending' })
    valueOf(await epp.answerTransferOut(newId(), moving, 'reject'))
    const ended = valueOf(await epp.poll())
    expect(ended).toMatchObject({ about: 'transfer_out', name: moving })
    valueOf(await epp.acknowledge(ended!.id))
    sim.world.aheadMs = 0
  })

  test('documents that are no EPP are refused, and end nothing', () => {
    for (const bad of [
      '',
      '<a>',
      '<a><b></a>',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      '<a>&unknown;</a>',
      'words',
    ])
      expect(() => parseXml(bad), bad).toThrow()
    expect(() => parseXml('<a>'.repeat(100) + '</a>'.repeat(100))).toThrow('deep')
    expect(parseXml('<x:a xmlns:x="urn:1">1 &lt; 2</x:a>')).toMatchObject({
      ns: 'urn:1',
      name: 'a',
      text: '1 < 2',
    })
  })

  const PERL_CLIENT = '/usr/share/perl5/Net/EPP/Simple.pm'
  test.skipIf(!existsSync(PERL_CLIENT))(
    `the registry is understood by a client that is not ours (${PERL_CLIENT} of libnet-epp-perl)`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mpanel-epp-'))
      await writeFile(join(folder, 'ca.pem'), sim.caPem)
      const script = `
        use Net::EPP::Simple;
        my $epp = Net::EPP::Simple->new(host => 'localhost', port => ${sim.port}, user => 'other', pass => 'simulated-2', timeout => 5, verify => 1, ca_file => '${folder}/ca.pem') or die $Net::EPP::Simple::Message;
        print "free=", $epp->check_domain('perl-1.example'), "\\n";
        $epp->create_domain({ name => 'perl-1.example', period => 1, registrant => undef, contacts => {}, ns => [], authInfo => 'Perl-Secret-1' }) or die $Net::EPP::Simple::Message;
        print "free=", $epp->check_domain('perl-1.example'), "\\n";
        my $info = $epp->domain_info('perl-1.example') or die $Net::EPP::Simple::Message;
        print "sponsor=", $info->{clID}, " auth=", $info->{authInfo}, "\\n";
        $epp->ping or die 'no greeting';
        print "deleted=", ($epp->delete_domain('perl-1.example') ? 1 : 0), "\\n";
        $epp->logout;`
      const { stdout } = await promisify(execFile)('perl', ['-e', script], {
        env: { ...process.env, SSL_CERT_FILE: join(folder, 'ca.pem') },
      })
      expect(stdout.trim().split('\n')).toEqual([
        'free=1',
        'free=0',
        'sponsor=other auth=Perl-Secret-1',
        'deleted=1',
      ])
      await rm(folder, { recursive: true })
    },
  )
})

describe('NameSilo', () => {
  test('every class of its numbers is read for what it proves', () => {
    const of = (code: number) => {
      const outcome = outcomeOf(code, 'words', null)
      return outcome.outcome === 'rejected' ? outcome.code : outcome.outcome
    }
    const expected: Record<string, number[]> = {
      ok: [300, 301, 302, 250, 251, 252, 253, 254, 255, 256],
      pending: [400],
      unknown: [115, 201, 999],
      unauthorized: [110, 111, 112],
      forbidden: [113, 116, 117, 118, 120],
      no_funds: [119],
      not_found: [200],
      taken: [261, 262],
      prohibited: [265],
      policy: [210, 260, 264],
      wrong_auth_code: [266],
      invalid: [101, 107, 108, 109, 114, 263, 280],
    }
    for (const [what, codes] of Object.entries(expected))
      for (const code of codes) expect(of(code), String(code)).toBe(what)
    expect(
      [
        'Pending at Registry',
        'Transfer Completed',
        'Missing Authorization Code',
        'Transfer Rejected',
        'Cancelled',
        'Fnord',
      ].map(transferStatus),
    ).toEqual(['pending', 'completed', 'pending', 'refused', 'cancelled', 'other'])
  })

  test('its key reaches no message, and answers that are none of its own prove nothing', async () => {
    const mine = newName()
    silo.fault({ operation: 'getDomainInfo', status: 502 })
    silo.fault({ operation: 'getDomainInfo', cut: 'before' })
    for (let time = 0; time < 2; time += 1)
      expect(await namesilo.info(mine)).toMatchObject({ outcome: 'unknown' })
    silo.fault({ operation: 'registerDomain', code: 115, detail: 'registry down', done: true })
    expect(await register(namesilo, mine)).toMatchObject({ outcome: 'unknown' })
    expect(valueOf(await namesilo.info(mine))).toMatchObject({ ours: true })
    const gone = createRegistrar(send, {
      kind: 'namesilo',
      url: 'http://127.0.0.1:1/api',
      key: 'k3y',
      currency: 'USD',
    })
    const answer = await gone.setContacts(newId(), mine, {
      registrant: contactOf(),
      admin: contactOf(),
      tech: contactOf(),
      billing: contactOf(),
    })
    expect(answer).toMatchObject({ outcome: 'rejected', code: 'unreachable' })
    expect(JSON.stringify(answer)).not.toContain('k3y')
    for (const on of [true, false]) {
      valueOf(await namesilo.setPrivacy(newId(), mine, on))
      expect(valueOf(await namesilo.info(mine))).toMatchObject({ privacy: on })
    }
  })
})
