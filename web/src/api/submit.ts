import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import type { ApiError } from './ApiError.ts'

/**
 * A change asked for by the user. One idempotency key belongs to one intention: it is kept while the outcome is
 * unknown (automatic and manual repeats of the same body), and dropped when the server has decided.
 */
export function useSubmit<Body, Answer>({
  send,
  onDone,
  sessionOnly = false,
}: {
  send: (body: Body, key: string) => Promise<Answer>
  onDone?: (answer: Answer) => void
  /** It begins or ends the session and changes nothing that pages show. */
  sessionOnly?: boolean
}) {
  const intention = useRef<{ body: string; key: string } | null>(null)

  const keyFor = (body: Body): string => {
    const text = JSON.stringify(body ?? null)
    if (intention.current?.body !== text) intention.current = { body: text, key: crypto.randomUUID() }
    return intention.current.key
  }

  return useMutation<Answer, ApiError, Body>({
    meta: { sessionOnly },
    mutationFn: (body) => send(body, keyFor(body)),
    retry: (failures, error) => error.unknownOutcome && failures < 2,
    onSuccess: (answer) => {
      intention.current = null
      onDone?.(answer)
    },
    onError: (error) => {
      if (!error.unknownOutcome) intention.current = null
    },
  })
}
