import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { StartupError } from '../../src/errors.ts'

function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(StartupError)
    return (error as Error).message
  }
  return ''
}

test('nothing needs to be configured', () => {
  const config = readConfig({})
  expect(config).toMatchObject({
    databaseUrl: undefined,
    host: '127.0.0.1',
    publicUrl: `http://127.0.0.1:${config.port}`,
    proxmox: undefined,
    secretKey: undefined,
    trustedProxies: [],
  })
})

test('an empty variable is an absent one', () => {
  const empty = Object.fromEntries(
    [
      'DATABASE_URL',
      'MPANEL_PORT',
      'MPANEL_SECRET_KEY',
      'MPANEL_LOG_LEVEL',
      'PROXMOX_URL',
      'MPANEL_HOST',
    ].map((name) => [name, '']),
  )
  expect(readConfig(empty)).toEqual(readConfig({}))
})

const WRONG: Record<string, string> = {
  DATABASE_URL: 'mysql://x/y',
  MPANEL_PORT: '70000',
  MPANEL_SECRET_KEY: 'short',
  MPANEL_PUBLIC_URL: 'ftp://x',
  MPANEL_ADMIN_EMAIL: 'nobody',
  MPANEL_ADMIN_PASSWORD: 'short',
  MPANEL_NEW_PASSWORD: 'short',
  MPANEL_LOG_LEVEL: 'loud',
  MPANEL_WORKER_CONCURRENCY: '0',
  MPANEL_OUTGOING_NETWORKS: '10.0.0.0/8, home',
  MPANEL_PAYMENT_TERM_DAYS: '-1',
  MPANEL_VMID_QUARANTINE_HOURS: 'many',
  MPANEL_SIM_PORT: '-1',
  PROXMOX_URL: 'http://pve.example',
  PROXMOX_TOKEN_ID: 'root',
  PROXMOX_TOKEN_SECRET: 'x',
  PROXMOX_CA_FILE: '/nowhere/ca.pem',
  PROXMOX_FINGERPRINT: 'AA:BB',
}

test('all faults are told at once, each by the name of its variable', () => {
  const message = faultsOf(WRONG)
  for (const name of Object.keys(WRONG).filter((one) => one !== 'PROXMOX_TOKEN_SECRET')) {
    expect(message).toContain(`- ${name}`)
  }
  expect(message).toContain('17 fault(s)')
})

test.each(Object.entries(WRONG).filter(([name]) => !name.startsWith('PROXMOX')))(
  '%s=%s is a fault by itself and stops the start',
  (name, value) => {
    expect(faultsOf({ [name]: value })).toContain(`- ${name} `)
  },
)

test('no fault shows the value of a secret', () => {
  const secrets = {
    MPANEL_SECRET_KEY: 'canary-key',
    MPANEL_ADMIN_PASSWORD: 'canary-pw',
    MPANEL_NEW_PASSWORD: 'canary-n',
  }
  expect(faultsOf(secrets)).not.toContain('canary')
})

test('the three variables of a cluster go together', () => {
  const whole = {
    PROXMOX_URL: 'https://pve.example:8006',
    PROXMOX_TOKEN_ID: 'mpanel@pve!panel',
    PROXMOX_TOKEN_SECRET: 'secret',
  }
  expect(readConfig(whole).proxmox).toMatchObject({
    url: 'https://pve.example:8006',
    tokenId: 'mpanel@pve!panel',
  })
  for (const name of Object.keys(whole)) expect(faultsOf({ ...whole, [name]: '' })).toContain('go together')
})

test('values are taken over as they are meant', () => {
  const key = randomBytes(32)
  const config = readConfig({
    DATABASE_URL: 'postgres://u:p@db/x',
    MPANEL_SECRET_KEY: key.toString('base64'),
    MPANEL_PUBLIC_URL: 'https://panel.example/',
    MPANEL_TRUSTED_PROXIES: ' 10.0.0.1, 10.0.0.0/8 ,',
    MPANEL_ADMIN_EMAIL: 'Boss@Example.com',
    MPANEL_HOST: '::',
    MPANEL_PORT: '0',
  })
  expect(config.secretKey?.equals(key)).toBe(true)
  expect(config.publicUrl).toBe('https://panel.example')
  expect(config.trustedProxies).toEqual(['10.0.0.1', '10.0.0.0/8'])
  expect(config.adminEmail).toBe('boss@example.com')
  expect(config.port).toBe(0)
})

test('an address of IPv6 is written into the public URL as one', () => {
  expect(readConfig({ MPANEL_HOST: '::1', MPANEL_PORT: '9000' }).publicUrl).toBe('http://[::1]:9000')
})

test('a PowerDNS is configured as a whole or not at all', () => {
  const whole = {
    POWERDNS_API_URL: 'https://192.0.2.53:8081',
    POWERDNS_API_KEY: 'key',
    POWERDNS_NAME_SERVERS: 'ns1.example.net, ns2.example.net',
  }
  expect(readConfig(whole).powerdns).toEqual({
    url: 'https://192.0.2.53:8081',
    apiKey: 'key',
    nameServers: ['ns1.example.net', 'ns2.example.net'],
  })
  for (const name of Object.keys(whole))
    expect(faultsOf({ ...whole, [name]: '' })).toContain('set all three or none')
})
