import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { makeCertificates } from '../../sim/proxmox/x509.ts'
import { startRegistrySim, type RegistrySim } from '../../sim/registry/server.ts'
import { FrameReader } from '../../src/integrations/registrars/eppFrames.ts'

const GRAMMAR = join(import.meta.dirname, 'epp.rng')
/** A folder with the schemas of the RFCs, as the registries publish them. Not given: our own grammar judges. */
const SCHEMAS = process.env['EPP_SCHEMAS']

/** A simulated registry and all that went to and from it, in order. */
export type RecordedRegistry = { sim: RegistrySim; port: number; documents: string[]; close(): Promise<void> }

export async function startRecordedRegistry(): Promise<RecordedRegistry> {
  const certificates = makeCertificates(['localhost', '127.0.0.1'])
  const sim = await startRegistrySim({ certificates })
  const documents: string[] = []
  const sockets = new Set<TLSSocket>()
  const pass = (from: TLSSocket, to: TLSSocket): void => {
    const reader = new FrameReader()
    sockets.add(from)
    from.on('data', (bytes: Buffer) => {
      documents.push(...reader.push(bytes))
      to.write(bytes)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => to.end())
  }
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (client) => {
    const registry = connect({ port: sim.port, host: '127.0.0.1', ca: certificates.caPem })
    pass(client, registry)
    pass(registry, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    sim,
    port: (server.address() as AddressInfo).port,
    documents,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await sim.close()
    },
  }
}

/** One schema that imports all of the folder: each names the others by namespace only. */
async function schemaOf(folder: string): Promise<string> {
  const imports: string[] = []
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.xsd'))) {
    const namespace = /targetNamespace\s*=\s*"([^"]+)"/.exec(await readFile(join(folder, file), 'utf8'))?.[1]
    if (namespace !== undefined)
      imports.push(`<import namespace="${namespace}" schemaLocation="${join(folder, file)}"/>`)
  }
  return `<schema xmlns="http://www.w3.org/2001/XMLSchema">${imports.join('')}</schema>`
}

/** What is wrong with each document; empty: nothing. Documents are judged by xmllint, of Debian's libxml2-utils. */
export async function faultsOf(documents: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-epp-'))
  try {
    await mkdir(join(folder, 'd'))
    const names = documents.map((_, at) => join('d', String(at)))
    for (const [at, name] of names.entries()) await writeFile(join(folder, name), documents[at] ?? '')
    let judge = ['--relaxng', GRAMMAR]
    if (SCHEMAS !== undefined) {
      await writeFile(join(folder, 'all.xsd'), await schemaOf(SCHEMAS))
      judge = ['--schema', 'all.xsd']
    }
    const said = await new Promise<string>((resolve, reject) => {
      const options = { cwd: folder, maxBuffer: 64 * 2 ** 20 }
      execFile('xmllint', ['--noout', '--nonet', ...judge, ...names], options, (error, _, stderr) =>
        error && typeof error.code !== 'number' ? reject(error) : resolve(stderr),
      )
    })
    const isFine = new Set(said.match(/^d\/\d+(?= validates$)/gm))
    const words = said.split('\n')
    return names.map((name) =>
      isFine.has(name) ? '' : words.filter((line) => line.startsWith(`${name}:`)).join('\n') || said,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}
