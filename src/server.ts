import type { FastifyInstance } from 'fastify'
import { buildApp, type AppOptions } from './app.ts'
import type { Config } from './config.ts'
import type { Root } from './context.ts'
import { StartupError } from './errors.ts'
import { startLoop, type Loop } from './lib/loop.ts'
import { startLive } from './live.ts'
import * as provisioningService from './services/provisioningService.ts'
import { startTlsAlpn } from './tlsAlpn.ts'
import { VERSION } from './version.ts'

export type Server = { url: string; app: FastifyInstance; stop: () => Promise<void> }

const WATCH_MS = 30_000
/** What is not answered so long after the server was told to stop, is cut off. */
const ANSWER_MS = 10_000

/** Starts answering HTTP. @throws StartupError when the address cannot be had */
export async function startServer(
  root: Root,
  databaseUrl: string,
  config: Pick<Config, 'host' | 'port' | 'trustedProxies'> &
    Partial<Pick<Config, 'tlsAlpn' | 'requestLimits'>> &
    Pick<AppOptions, 'rbac'>,
): Promise<Server> {
  const live = await startLive(root, databaseUrl)
  const app = await buildApp(
    { ...root, live: live.live },
    {
      trustedProxies: config.trustedProxies,
      requestLimits: config.requestLimits,
      version: VERSION,
      rbac: config.rbac,
    },
  )
  try {
    const url = await app.listen({ host: config.host, port: config.port })
    const tlsAlpn = config.tlsAlpn && (await startTlsAlpn(root, config.tlsAlpn))
    const watching = startWatching(root)
    return {
      url,
      app,
      stop: async () => {
        const cut = setTimeout(() => app.server.closeAllConnections(), ANSWER_MS)
        await Promise.all([app.close(), live.stop(), watching.stop(), tlsAlpn?.stop()])
        clearTimeout(cut)
      },
    }
  } catch (error) {
    await live.stop()
    await app.close()
    throw explain(error, config)
  }
}

/** Workers that start together with this process get as long as one round before they are missed. */
function startWatching(root: Root): Loop {
  let rounds = 0
  return startLoop(
    async () => {
      if (rounds++ > 0) await provisioningService.watch(root)
    },
    WATCH_MS,
    (error) => root.log.error({ err: error }, 'the automation could not be watched'),
  )
}

function explain(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): unknown {
  const { code } = error as { code?: string }
  if (code === 'EADDRINUSE')
    return new StartupError(
      `Port ${port} on ${host} is taken. Stop what uses it, or set MPANEL_PORT to another one.`,
    )
  if (code === 'EACCES')
    return new StartupError(
      `Port ${port} may not be used by this account. Set MPANEL_PORT to one above 1023.`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartupError(`MPANEL_HOST ${host} is no address of this machine.`)
  return error
}
