import { expect, it } from 'vitest'
import { useBench } from './simBench.ts'
import { dataOf } from './simClient.ts'

const bench = useBench()

it('rules are put before the others, are asked for by position and digest, and must make sense', async () => {
  expect(await bench.cloned(450)).toBe('OK')
  const base = '/nodes/pve1/qemu/450/firewall'
  const add = (values: Record<string, string | number>) => bench.api.post(`${base}/rules`, values)
  const rules = async () => dataOf<{ dport?: string; digest: string }[]>(await bench.api.get(`${base}/rules`))
  expect((await add({ type: 'in', action: 'ACCEPT', proto: 'tcp', dport: 22, enable: 1 })).status).toBe(200)
  expect((await add({ type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '80,443' })).status).toBe(200)
  expect((await rules()).map(({ dport }) => dport)).toEqual(['80,443', '22'])
  const [{ digest } = { digest: '' }] = await rules()
  for (const [values, path] of [
    [{ type: 'in', action: 'FOO' }, 'action'],
    [{ type: 'in', action: 'ACCEPT', dport: 22 }, 'proto'],
    [{ type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '99:1' }, 'dport'],
    [{ type: 'in', action: 'ACCEPT', source: '999.1.1.1' }, 'source'],
    [{ type: 'in', action: 'ACCEPT', nonsense: 1 }, 'nonsense'],
  ] as const) {
    const answer = await add(values)
    expect({ status: answer.status, path: Object.keys(answer.body?.errors ?? {}) }).toEqual({
      status: 400,
      path: [path],
    })
  }
  expect((await bench.api.del(`${base}/rules/9`)).reason).toBe('no rule at position 9')
  expect((await bench.api.del(`${base}/rules/0?digest=${'0'.repeat(40)}`)).status).toBe(500)
  expect((await bench.api.del(`${base}/rules/0?digest=${digest}`)).status).toBe(200)
  expect((await rules()).map(({ dport }) => dport)).toEqual(['22'])
})

it('a set is made once, holds each address once, and is emptied before it goes; a clone has what its source has', async () => {
  expect(await bench.cloned(451)).toBe('OK')
  const base = '/nodes/pve1/qemu/451/firewall'
  const one = `${base}/ipset/ipfilter-net0`
  expect((await bench.api.post(`${base}/ipset`, { name: 'ipfilter-net0' })).status).toBe(200)
  expect((await bench.api.post(`${base}/ipset`, { name: 'ipfilter-net0' })).body?.errors?.name).toMatch(
    'already exists',
  )
  for (const cidr of ['192.0.2.5', '2001:db8::/64']) await bench.api.post(one, { cidr })
  expect((await bench.api.post(one, { cidr: '192.0.2.5' })).body?.errors?.cidr).toMatch('already exists')
  expect((await bench.api.post(one, { cidr: '999.1.1.1' })).status).toBe(400)
  expect((await bench.api.del(one)).reason).toBe("IPSet 'ipfilter-net0' is not empty")
  await bench.api.put(`${base}/options`, { enable: 1, policy_in: 'DROP' })
  expect((await bench.api.put(`${base}/options`, { policy_in: 'LATER' })).status).toBe(400)
  await bench.api.task('POST', '/nodes/pve1/qemu/451/clone', { newid: 452, full: 1 })
  const copied = await bench.api.get('/nodes/pve1/qemu/452/firewall/options')
  expect(dataOf(copied)).toMatchObject({ enable: 1, policy_in: 'DROP' })
  expect((await bench.api.del(`${one}/${encodeURIComponent('2001:db8::/64')}`)).status).toBe(200)
  expect((await bench.api.del(`${one}/192.0.2.5`)).status).toBe(200)
  expect((await bench.api.del(one)).status).toBe(200)
})
