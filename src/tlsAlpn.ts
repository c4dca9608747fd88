import { once } from 'node:events'
import { createSecureContext, createServer, type SecureContext } from 'node:tls'
import { asSystem, type Root } from './context.ts'
import { StartupError } from './errors.ts'
import { makeAcmeProof } from './lib/x509/make.ts'
import * as sslService from './services/sslService.ts'

const PROTOCOL = 'acme-tls/1'

/**
 * Proves names to CAs by TLS (RFC 8737): whoever asks for a name whose proof is wanted just now gets its certificate, everybody
 * else no connection. Nothing is read from it.
 * @throws StartupError when the address cannot be had
 */
export async function startTlsAlpn(
  root: Root,
  { host, port }: { host: string; port: number },
): Promise<{ stop: () => Promise<void> }> {
  const contextOf = async (name: string): Promise<SecureContext | null> => {
    const digest = await asSystem(root, 'ssl.tlsAlpn', 'platform', (ctx) =>
      sslService.digestFor(ctx, name.toLowerCase()),
    )
    return digest === null ? null : createSecureContext(await makeAcmeProof(name, digest, root.now()))
  }
  const answer = async (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
    try {
      const context = await contextOf(name)
      if (context === null) done(new Error('no proof is wanted for this name'))
      else done(null, context)
    } catch (error) {
      root.log.error({ err: error }, 'a proof by TLS could not be shown')
      done(new Error('no proof'))
    }
  }
  const server = createServer({
    ALPNProtocols: [PROTOCOL],
    SNICallback: (name, done) => void answer(name, done),
  })
  server.on('tlsClientError', (_, socket) => socket.destroy())
  // The certificate was all that was wanted.
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    socket.end()
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new StartupError(
      `MPANEL_TLS_ALPN_LISTEN ${host}:${port} cannot be listened on (${(error as NodeJS.ErrnoException).code ?? 'no code'}): it is taken, not of this machine, or not allowed to this account.`,
      { cause: error },
    )
  }
  return {
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}
