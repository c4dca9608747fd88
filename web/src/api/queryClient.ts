import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './ApiError.ts'

/** One cache for the tab. Every error of a request is an ApiError. */
export function createQueryClient(onLoggedOut: () => void): QueryClient {
  const notice = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) onLoggedOut()
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: notice }),
    mutationCache: new MutationCache({
      onError: notice,
      // After a change everything on the page may differ; only what is shown is asked again.
      onSuccess: (_answer, _body, _context, { meta }) =>
        meta?.sessionOnly === true
          ? undefined
          : client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' }),
    }),
    defaultOptions: {
      queries: {
        staleTime: 5000,
        retry: (failures, error) => error instanceof ApiError && error.unknownOutcome && failures < 2,
      },
    },
  })
  return client
}
