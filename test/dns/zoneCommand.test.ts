import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkZone } from '../../src/zoneCommand.ts'
import { mpanel } from '../start/process.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mpanel-zone-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function checked(text: string, zone = 'example.com') {
  const file = join(folder, 'zone')
  await writeFile(file, text)
  const said: string[] = []
  const code = await checkZone(file, zone, (line) => void said.push(line))
  return { code, said }
}

it('a zone file is said to be right, or each thing that is wrong with it is named', async () => {
  expect(await checked('@ NS ns.example.net.\nwww A 192.0.2.1', 'bücher.example')).toEqual({
    code: 0,
    said: ['bücher.example: 2 records; nothing is wrong'],
  })
  expect(await checked('@ NS ns.example.net.\n@ MX 10 mail\n')).toEqual({
    code: 0,
    said: [
      'warning: mail.example.com. has no address: nothing is reached there.',
      'example.com: 2 records; 1 remark',
    ],
  })
  const { code, said } = await checked('www A 192.0.2.300')
  expect(code).toBe(1)
  expect(said[0]).toMatch(/^line 1: 192\.0\.2\.300 is no IPv4 address/)
  expect(said[1]).toBe('error: The zone has no name server.')
})

it('the command ends with 2 when there is nothing to check', async () => {
  await expect(checked('', 'a..b')).rejects.toThrow(/two dots/)
  const run = mpanel(['zone', 'check', '--file', join(folder, 'none'), '--zone', 'example.com'], {})
  expect(await run.ended).toBe(2)
  expect(run.output()).toContain('cannot be read')
})
