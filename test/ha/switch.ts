import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

type Switch = {
  url: string
  /** Where new connections go from now on, in turn; those that are open stay. */
  lead(ports: number[]): void
  close(): Promise<void>
}

/** One address for several servers, as a load balancer gives it. */
export async function startSwitch(first: number[]): Promise<Switch> {
  let ports = first
  let taken = 0
  const open = new Set<Socket>()
  const server = createServer((caller) => {
    const target = connect(ports[taken++ % ports.length] ?? 0, '127.0.0.1')
    for (const [one, other] of [
      [caller, target],
      [target, caller],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => open.delete(one))
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead: (next) => void (ports = next),
    close: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}
