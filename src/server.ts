import type { FastifyInstance } from 'fastify'
import { buildApp, type AppOptions } from './app.ts'
import type { Config } from './config.ts'
import type { Root } from './context.ts'
import { StartupError } from './errors.ts'
import { startLive } from './live.ts'
import { VERSION } from './version.ts'

export type Server = { url: string; app: FastifyInstance; stop: () => Promise<void> }

/** Starts answering HTTP. @throws StartupError when the address cannot be had */
export async function startServer(
  root: Root,
  databaseUrl: string,
  config: Pick<Config, 'host' | 'port' | 'trustedProxies'> & Pick<AppOptions, 'rbac'>,
): Promise<Server> {
  const live = await startLive(root, databaseUrl)
  const app = await buildApp(
    { ...root, live: live.live },
    { trustedProxies: config.trustedProxies, version: VERSION, rbac: config.rbac },
  )
  try {
    const url = await app.listen({ host: config.host, port: config.port })
    return {
      url,
      app,
      stop: async () => {
        await live.stop()
        await app.close()
      },
    }
  } catch (error) {
    await live.stop()
    throw explain(error, config)
  }
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
