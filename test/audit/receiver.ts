import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = {
  path: string
  headers: Record<string, string>
  body: string
  event: {
    id: string
    type: string
    tenantId: string | null
    createdAt: string
    data: Record<string, unknown>
  }
}

/** A receiver of webhooks: what it was sent, by path, and what it answers there. */
export type Receiver = {
  url: string
  received: Received[]
  /** Answers by path; 204 where nothing is said. 'nothing' is no answer at all. */
  answers: Map<string, { status: number; headers?: Record<string, string>; body?: string } | 'nothing'>
  /** Requests that wait for an answer. */
  hanging: ServerResponse[]
  close(): void
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const answers: Receiver['answers'] = new Map()
  const hanging: ServerResponse[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const path = request.url ?? ''
      const body = Buffer.concat(parts).toString('utf8')
      received.push({
        path,
        headers: request.headers as Record<string, string>,
        body,
        event: JSON.parse(body) as Received['event'],
      })
      const answer = answers.get(path) ?? { status: 204 }
      if (answer === 'nothing') hanging.push(response)
      else response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers,
    hanging,
    close: () => server.close().closeAllConnections(),
  }
}
