import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SimControl } from './control.ts'
import { messageOf } from './errors.ts'
import { readBody, send } from './http.ts'

export const CONTROL_PREFIX = '/sim/control/'

/**
 * `POST /sim/control/<operation>` with a JSON array of arguments (or one object, or nothing), authorised by
 * `Authorization: Bearer <control token>`. Answers `{ "result": … }`.
 */
export async function handleControl(
  control: SimControl,
  token: string | undefined,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const answer = (status: number, json: unknown) =>
    send(req, res, { status, reason: status === 200 ? 'OK' : 'Error', json })
  if (token === undefined || req.headers.authorization !== `Bearer ${token}`) {
    return answer(403, { error: 'the control token is missing or wrong' })
  }
  const name = new URL(req.url ?? '/', 'https://localhost').pathname.slice(CONTROL_PREFIX.length)
  if (!Object.hasOwn(control, name)) {
    return answer(404, { error: `no operation '${name}'`, operations: Object.keys(control) })
  }
  try {
    const body = await readBody(req)
    const given: unknown = body === '' ? [] : JSON.parse(body)
    const operation = control[name as keyof SimControl] as (...args: unknown[]) => unknown
    const result = await operation(...(Array.isArray(given) ? (given as unknown[]) : [given]))
    return answer(200, { result: result ?? null })
  } catch (error) {
    return answer(400, { error: messageOf(error) })
  }
}
